// A listener to the end of what was invoked: its event names the operation that waits for it.
import { createFunction } from '@stepwell/sdk';

interface Finished {
  correlation_id: string;
  _inngest: { status: string };
}

export const e11Ends = createFunction<Finished>(
  { id: 'e11-ends' },
  { event: 'inngest/function.finished', if: "event.data.function_id == 'app-e11-double'" },
  ({ event: { data } }) => ({ operation: data.correlation_id.split('.')[1], status: data._inngest.status }),
);
