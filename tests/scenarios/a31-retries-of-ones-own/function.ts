// A function with a backoff of its own, one step of it with another.
import { createFunction, type Step, type StepId } from '@stepwell/sdk';

export const grows = createFunction(
  { id: 'a31', retries: 3, backoff: { kind: 'exponential', first: '1s', factor: 3, max: '5s' } },
  { event: 'a31/go' },
  () => {
    throw new Error('never');
  },
);

/** The function is not retried, its step is. */
export const inAStep = createFunction({ id: 'a31-step', retries: 0 }, { event: 'a31/go-step' }, ({ step }) =>
  thirdTime(step, { id: 'poll', retries: 5, backoff: { kind: 'constant', delay: '2s' } }),
);

export const sideBySide = createFunction({ id: 'a31-side', retries: 0 }, { event: 'a31/go-side' }, async ({ step }) => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return 1;
  };
  const [a, b] = await Promise.all([
    thirdTime(step, { id: 'a', retries: 2, backoff: { kind: 'constant', delay: 0 } }),
    step.run('b', slow),
  ]);
  return a + b;
});

function thirdTime(step: Step, id: StepId): Promise<number> {
  return step.run(id, () => {
    const { attempt } = step.current();
    if (attempt < 2) throw new Error('not yet');
    return attempt;
  });
}
