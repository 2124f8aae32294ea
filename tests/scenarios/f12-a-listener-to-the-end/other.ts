// Listens to the end of `app-f12`, and fails where that run's event says so.
import { createFunction, NonRetriableError, type StepwellEvent } from '@stepwell/sdk';

interface Finished {
  event: StepwellEvent<{ fail_listener?: boolean }>;
  _inngest: { status: string };
}

export const listens = createFunction<Finished>(
  { id: 'f12-listener' },
  { event: 'inngest/function.finished', if: "event.data.function_id == 'app-f12'" },
  ({ event: { data } }) => {
    if (data.event.data.fail_listener) throw new NonRetriableError('told to, too');
    return data._inngest.status;
  },
);
