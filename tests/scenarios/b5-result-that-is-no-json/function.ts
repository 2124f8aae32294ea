// A function whose result JSON has no form for.
import { createFunction } from '@stepwell/sdk';

export const b5 = createFunction(
  { id: 'b5', retries: 0, onFailure: ({ error }) => error.name },
  { event: 'b5/go' },
  () => ({ pixels: 640n * 480n }),
);
