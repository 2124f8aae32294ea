// Listens to the end of `app-a5`.
import { createFunction } from '@stepwell/sdk';

interface Finished {
  result?: unknown;
  error?: object;
  _inngest: { status: string };
}

export const a5Finished = createFunction<Finished>(
  { id: 'a5-finished' },
  { event: 'inngest/function.finished', if: "event.data.function_id == 'app-a5'" },
  ({ event: { data } }) => ({ has_error: 'error' in data, result: data.result, status: data._inngest.status }),
);
