// A function that invokes another twice in a minute, which may be started once.
import { createFunction, StepError } from '@stepwell/sdk';

export const callee = createFunction({ id: 'e15-callee', rateLimit: { limit: 1, period: '60s' } }, [], () => 'called');

export const invokesTwice = createFunction({ id: 'e15' }, { event: 'e15/go' }, async ({ step }) => {
  const first = await step.invoke<string>('first', { function: callee });
  try {
    const second = await step.invoke<string>('second', { function: callee });
    return `${first}, ${second}`;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    return `${first}, then ${error} (${error.code})`;
  }
});
