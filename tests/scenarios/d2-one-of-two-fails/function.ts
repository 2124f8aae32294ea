// Two steps side by side, of which the second fails for good.
import { createFunction } from '@stepwell/sdk';

export const all = createFunction({ id: 'd2', retries: 1, onFailure: () => 'told' }, { event: 'd2/go' }, ({ step }) =>
  Promise.all([step.run('a', () => 1), step.run('b', fail)]),
);

export const allSettled = createFunction({ id: 'd4', retries: 1 }, { event: 'd4/go' }, async ({ step }) => {
  const settled = await Promise.allSettled([step.run('a', () => 1), step.run('b', fail)]);
  return settled.map(({ status }) => status);
});

/** Slower than the other step, so that the order of the journal is certain. */
async function fail() {
  await new Promise((resolve) => setTimeout(resolve, 300));
  throw new Error('eb');
}
