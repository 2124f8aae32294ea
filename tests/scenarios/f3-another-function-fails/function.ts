// A function with a failure handler, and one that fails.
import { createFunction } from '@stepwell/sdk';

export const handled = createFunction({ id: 'f3', onFailure: () => 'never' }, { event: 'f3/go' }, () => {});

export const other = createFunction({ id: 'f3-other', retries: 0 }, { event: 'f3-other/go' }, () => {
  throw new Error('x');
});
