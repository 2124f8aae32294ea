// A function that fails twice, so that its plugin can be replaced between.
import { createFunction } from '@stepwell/sdk';

export const f18 = createFunction({ id: 'f18', retries: 1, onFailure: () => 'told' }, { event: 'f18/go' }, () => {
  throw new Error('x');
});
