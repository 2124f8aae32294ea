// Listens to the end of `app-b1`.
import { createFunction } from '@stepwell/sdk';

export const b1Finished = createFunction<{ result?: unknown }>(
  { id: 'b1-finished' },
  { event: 'inngest/function.finished', if: "event.data.function_id == 'app-b1'" },
  ({ event: { data } }) => ({ has_result: 'result' in data, result: data.result }),
);
