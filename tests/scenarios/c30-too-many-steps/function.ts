// More steps than a run may have.
import { createFunction } from '@stepwell/sdk';

export const oneAfterTheOther = createFunction({ id: 'c30', retries: 0 }, { event: 'c30/go' }, async ({ step }) => {
  for (let n = 0; n < 1001; n += 1) await step.run('s', () => n);
});

export const atOnce = createFunction({ id: 'c30-at-once', retries: 0 }, { event: 'c30-at-once/go' }, ({ step }) =>
  Promise.all(Array.from({ length: 1001 }, (_, n) => step.run('s', () => n))),
);
