// Waits that nothing can ever answer.
import { createFunction } from '@stepwell/sdk';

export const noExpression = createFunction({ id: 'e10', retries: 3 }, { event: 'e10/go' }, async ({ step }) => {
  await step.waitForEvent('w', { event: 'e10/x', if: 'async.data.a ===' });
});

export const noSuchName = createFunction({ id: 'e10-name', retries: 3 }, { event: 'e10/go-name' }, async ({ step }) => {
  await step.waitForEvent('w', { event: 'e10/x', if: 'invalid' });
});

export const tooLong = createFunction({ id: 'e10-long', retries: 3 }, { event: 'e10/go-long' }, async ({ step }) => {
  await step.waitForEvent('w', { event: 'e10/x', timeout: '400d' });
});
