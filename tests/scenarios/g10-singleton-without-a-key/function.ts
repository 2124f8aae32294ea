// A singleton by a key.
import { createFunction } from '@stepwell/sdk';

export const g10 = createFunction(
  { id: 'g10', singleton: { mode: 'skip', key: 'event.data.exclusive ? event.data.n - 1 : false' } },
  { event: 'g10/go' },
  ({ step }) => step.sleep('nap', '20s'),
);
