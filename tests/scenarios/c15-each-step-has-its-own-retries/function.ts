// Two steps that each fail once, with one retry.
import { createFunction } from '@stepwell/sdk';

export const c15 = createFunction({ id: 'c15', retries: 1 }, { event: 'c15/go' }, async ({ step }) => {
  const secondTime = () => {
    const { attempt } = step.current();
    if (attempt === 0) throw new Error('not yet');
    return `at attempt ${attempt}`;
  };
  return [await step.run('a', secondTime), await step.run('b', secondTime)];
});
