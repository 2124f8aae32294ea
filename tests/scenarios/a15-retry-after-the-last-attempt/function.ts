// A body that always asks to be retried a minute later, with one retry.
import { createFunction, RetryAfterError } from '@stepwell/sdk';

export const a15 = createFunction({ id: 'a15', retries: 1 }, { event: 'a15/go' }, () => {
  throw new RetryAfterError('busy', '60s');
});
