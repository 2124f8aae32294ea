// A failure handler that undoes what the failed run had done.
import { createFunction, NonRetriableError, type FailedRun } from '@stepwell/sdk';

export const undo = createFunction(
  {
    id: 'undo',
    onFailure: async ({ failed, step }) => {
      const reservation = failed.step<string>('reserve');
      const release = await step.run('release', () => reservation && `released ${reservation}`);
      return { charge: errorOf(failed, 'charge'), release, ship: failed.step('ship') ?? null };
    },
  },
  { event: 'undo/go' },
  async ({ step }) => {
    await step.run('reserve', () => 'r1');
    await step.run('charge', () => {
      throw new NonRetriableError('card refused');
    });
    await step.run('ship', () => 's1');
  },
);

function errorOf(failed: FailedRun, step: string): string | null {
  try {
    failed.step(step);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
