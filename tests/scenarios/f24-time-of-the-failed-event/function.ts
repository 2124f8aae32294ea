// A run that fails ten seconds after its event.
import { createFunction, RetryAfterError } from '@stepwell/sdk';

export const f24 = createFunction(
  {
    id: 'f24',
    retries: 1,
    onFailure: ({ event, failed }) => ({
      has_id_of_run: event.id === failed.runId,
      ms_later: event.ts - event.data.event.ts,
    }),
  },
  { event: 'f24/go' },
  () => {
    throw new RetryAfterError('x', '10s');
  },
);
