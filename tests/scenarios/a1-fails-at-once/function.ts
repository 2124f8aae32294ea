// A body that fails, with no retries: the handler gets the error.
import { createFunction } from '@stepwell/sdk';

export const a1 = createFunction(
  {
    id: 'a1',
    retries: 0,
    onFailure: ({ error, event, failed }) => ({
      event_id_is_run_id: event.id === failed.runId,
      has_stack: error.stack !== '',
      message: error.message,
      name: error.name,
    }),
  },
  { event: 'a1/go' },
  () => {
    throw new Error('x');
  },
);
