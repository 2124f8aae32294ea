// A body that says after how many milliseconds it is to be retried.
import { createFunction, RetryAfterError } from '@stepwell/sdk';

export const a11 = createFunction<{ ms: number }>({ id: 'a11' }, { event: 'a11/go' }, ({ event, attempt }) => {
  if (attempt === 0) throw new RetryAfterError('later', event.data.ms);
});
