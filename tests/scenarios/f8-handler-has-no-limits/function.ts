// Functions with all kinds of limits, which fail, and a handler that sleeps.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const f8 = createFunction(
  {
    id: 'f8',
    throttle: { limit: 1, period: '60s' },
    concurrency: { fn: { limit: 1 } },
    singleton: { mode: 'skip', key: 'event.data.lock' },
    cancelOn: [{ event: 'f8/stop' }],
    timeouts: { start: '600s' },
    onFailure: ({ step }) => step.sleep('nap', '90s'),
  },
  { event: 'f8/go' },
  () => {
    throw new NonRetriableError('no use');
  },
);
