// A function that may take ten seconds: asleep, between attempts, and in a step that ends behind that time.
import { createFunction } from '@stepwell/sdk';

const timeouts = { finish: '10s' };

export const sleeps = createFunction(
  { id: 'g6', timeouts, onFailure: () => 'a cancelled run is no failed run' },
  { event: 'g6/go' },
  async ({ step }) => {
    await step.run('before', () => {});
    await step.sleep('nap', '600s');
  },
);

export const fails = createFunction({ id: 'g6-fails', timeouts }, { event: 'g6/go-fails' }, () => {
  throw new Error('not yet');
});

export const quick = createFunction({ id: 'g6-quick', timeouts }, { event: 'g6/go-quick' }, ({ step }) =>
  step.run('a', () => 1),
);
