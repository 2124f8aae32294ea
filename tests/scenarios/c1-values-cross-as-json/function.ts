// A step whose result has a part that JSON does not carry.
import { createFunction } from '@stepwell/sdk';

export const c1 = createFunction({ id: 'c1' }, { event: 'c1/go' }, async ({ step, logger }) => {
  const image = await step.run('a', () => ({ url: 'u', read: () => 7 }));
  const bytes = 'read' in image ? 7 : 0;
  logger.info(`${image.url} ${bytes}`);
  await step.sleep('nap', '10s');
  return [image.url, bytes];
});
