// A failure handler that tells what it was given.
import { createFunction } from '@stepwell/sdk';

export const f2 = createFunction(
  {
    id: 'f2',
    retries: 0,
    onFailure: ({ event, failed, runId }) => ({
      event: event.name,
      function: event.data.function_id,
      has_own_run_id: runId !== failed.runId,
      original: [event.data.event.name, event.data.event.data],
      same_run_id: event.data.run_id === failed.runId,
    }),
  },
  { event: 'f2/go' },
  () => {
    throw new Error('x');
  },
);
