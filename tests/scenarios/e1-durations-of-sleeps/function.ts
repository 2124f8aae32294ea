// Sleeps from nothing to the longest, by the run's own clock.
import { createFunction } from '@stepwell/sdk';

/** How long each has taken, in milliseconds. */
export const e1 = createFunction({ id: 'e1' }, { event: 'e1/go' }, async ({ step }) => {
  const took = [];
  for (const [n, duration] of [0, 1, 999, '1.5s', 500, '1m', '1h30m', '366d'].entries()) {
    const begun = Date.now();
    await step.sleep(`sleep ${n}`, duration);
    took.push(Date.now() - begun);
  }
  return took;
});
