// A function of which one run may be under way, and which has to begin within ten seconds.
import { createFunction } from '@stepwell/sdk';

export const g5 = createFunction<{ nap: number }>(
  {
    id: 'g5',
    concurrency: { fn: { limit: 1 } },
    timeouts: { start: '10s' },
    onFailure: () => 'a cancelled run is no failed run',
  },
  { event: 'g5/go' },
  ({ event, step }) => step.sleep('nap', `${event.data.nap}s`),
);
