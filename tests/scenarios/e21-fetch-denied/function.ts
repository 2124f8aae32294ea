// Functions that have the host make requests to a host that is not granted.
import { createFunction, StepError } from '@stepwell/sdk';

export const catches = createFunction({ id: 'e21', retries: 3 }, { event: 'e21/go' }, async ({ step }) => {
  const [fetched] = await Promise.allSettled([
    step.fetch('order', 'https://api.example.com/orders?token=secret', {
      method: 'POST',
      headers: { authorization: 'Bearer secret' },
    }),
    step.sleep('nap', '60s'),
  ]);
  if (fetched.status === 'fulfilled') throw new Error('nothing is granted');
  return fetched.reason instanceof StepError ? fetched.reason.code : undefined;
});

export const letsPass = createFunction(
  { id: 'e21-uncaught', retries: 3 },
  { event: 'e21/go-uncaught' },
  async ({ step }) => {
    const { status } = await step.fetch('get', 'http://[::1]:9000/');
    return status;
  },
);
