// Singletons that skip: one that sleeps, and one that fails once.
import { createFunction } from '@stepwell/sdk';

export const sleeps = createFunction(
  { id: 'g8', singleton: { mode: 'skip', key: 'event.data.user' } },
  { event: 'g8/go' },
  ({ step }) => step.sleep('nap', '20s'),
);

export const fails = createFunction(
  { id: 'g8-fails', retries: 1, singleton: { mode: 'skip' } },
  { event: 'g8/fails' },
  ({ attempt }) => {
    if (attempt === 0) throw new Error('not yet');
  },
);
