// A function of which one run may be under way, with priorities.
import { createFunction } from '@stepwell/sdk';

export const g18 = createFunction<{ nap: number }>(
  { id: 'g18', concurrency: { fn: { limit: 1 } }, priority: { run: 'event.data.priority' } },
  { event: 'g18/go' },
  ({ event, step }) => step.sleep('nap', `${event.data.nap}s`),
);
