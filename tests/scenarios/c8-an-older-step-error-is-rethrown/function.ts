// Two steps that fail, and a body that ends with the error of the first.
import { createFunction } from '@stepwell/sdk';

export const c8 = createFunction({ id: 'c8', retries: 1 }, { event: 'c8/go' }, async ({ step }) => {
  const errorOf = (id: string) =>
    step
      .run(id, () => {
        throw new Error(`e${id}`);
      })
      .catch((error: unknown) => error);
  const first = await errorOf('a');
  await errorOf('b');
  throw first;
});
