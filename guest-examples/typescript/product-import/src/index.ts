// Imports a product's images, and alerts the team when that fails for good.
import { createFunction, plugin } from '@stepwell/sdk';
import * as v from 'valibot';
import { alertTeam, fetchImages, saveProduct, type Image } from './shop.js';

const Product = v.object({ sku: v.string(), shopIsDown: v.optional(v.boolean(), false) });

export default plugin(
  createFunction<v.InferInput<typeof Product>>(
    {
      id: 'import-product-images',
      name: 'Import product images',
      retries: 2,
      // In a step, so that the team is told once.
      onFailure: async ({ error, event, failed, step, logger }) => {
        const images = failed.step<Image[]>('fetch-images') ?? [];
        const what = `The import of ${event.data.event.data.sku} failed (${error}); ${images.length} images wait to be saved`;
        return step.run('alert-team', () => alertTeam(logger, `${what}. Run: ${failed.runId}`));
      },
    },
    { event: 'shop/product.imported' },
    async ({ event, step, logger }) => {
      const { sku, shopIsDown } = v.parse(Product, event.data);

      // Once the images are fetched that is remembered: however often saving is retried, they are not fetched again.
      const images = await step.run('fetch-images', () => fetchImages(sku));
      logger.info(`${images.length} images of ${sku} are fetched`);

      const saved = await step.run('save-products', () => saveProduct(sku, images, shopIsDown));
      return `${sku} imported with ${saved} images`;
    },
  ),
);
