// Two functions that fail, one of them with a failure handler that fails as well.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const handled = createFunction(
  {
    id: 'f11',
    retries: 0,
    onFailure: () => {
      throw new NonRetriableError('the handler, too');
    },
  },
  { event: 'f11/go' },
  () => {
    throw new Error('one');
  },
);

export const other = createFunction({ id: 'f11-other', retries: 0 }, { event: 'f11-other/go' }, () => {
  throw new Error('two');
});
