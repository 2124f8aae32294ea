// The next version: the function has a failure handler.
import { createFunction } from '@stepwell/sdk';

export const f19 = createFunction({ id: 'f19', retries: 0, onFailure: () => 'told' }, { event: 'f19/go' }, () => {
  throw new Error('x');
});
