// An error with a code and fields of its own.
import { createFunction, type FunctionFailed } from '@stepwell/sdk';

class Custom extends Error {
  override name = 'Custom';
  code = 'E1';
  extra = 1;
}

/** What the host adds to what is told of a failed run. */
interface Failed extends FunctionFailed {
  result: { code: string };
}

export const fails = createFunction(
  {
    id: 'a22',
    retries: 0,
    onFailure: ({ error: { code, extra, name } }) => ({ code, details: { extra }, name }),
  },
  { event: 'a22/go' },
  () => {
    throw new Custom('bad');
  },
);

export const listens = createFunction<Failed>(
  { id: 'a22-listener' },
  { event: 'inngest/function.failed', if: "event.data.function_id == 'app-a22'" },
  ({ event: { data } }) => ({
    'error.code': data.error.code,
    'error.details': data.error.details,
    'result.code': data.result.code,
  }),
);
