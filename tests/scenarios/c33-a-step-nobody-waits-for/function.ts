// Steps of which the body takes no result: the loser of a race, and one that is never awaited.
import { createFunction } from '@stepwell/sdk';

export const c33 = createFunction({ id: 'c33' }, { event: 'c33/go' }, async ({ step }) => {
  void step.run('never', () => {});
  await Promise.race([step.run('slow', () => after(800, 'slow')), step.run('fast', () => after(400, 'fast'))]);
  return 'done';
});

/** Long enough for all to have begun before the faster ends: once the outcome is certain no step begins. */
async function after(ms: number, value: string): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return value;
}
