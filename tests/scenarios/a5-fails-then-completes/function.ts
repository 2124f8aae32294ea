// A body that fails at its first attempt only.
import { createFunction } from '@stepwell/sdk';

export const a5 = createFunction(
  { id: 'a5', retries: 4, onFailure: () => 'never' },
  { event: 'a5/go' },
  ({ attempt }) => {
    if (attempt === 0) throw new Error('not yet');
    return 7;
  },
);
