// Stands for the shop's API and the team's channel, so that the example runs by itself.
import type { Logger } from '@stepwell/sdk';

export interface Image {
  url: string;
}

/** The shop did not take a product. */
export class ShopError extends Error {
  override name = 'ShopError';
  code = 'SHOP_DOWN';
}

export function fetchImages(sku: string): Image[] {
  return ['front', 'back'].map((side) => ({ url: `https://images.example/${sku}/${side}.jpg` }));
}

export async function saveProduct(sku: string, images: Image[], isDown: boolean): Promise<number> {
  if (isDown) throw new ShopError(`the shop does not take ${sku}`, { cause: new TypeError('connection refused') });
  return images.length;
}

/** A real one would post this to the team's channel, with a token from `process.env`. */
export function alertTeam(logger: Logger, message: string): string {
  logger.error(message);
  return message;
}
