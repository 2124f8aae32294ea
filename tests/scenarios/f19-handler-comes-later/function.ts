// A function that fails and has no failure handler yet.
import { createFunction } from '@stepwell/sdk';

export const f19 = createFunction({ id: 'f19', retries: 0 }, { event: 'f19/go' }, () => {
  throw new Error('x');
});
