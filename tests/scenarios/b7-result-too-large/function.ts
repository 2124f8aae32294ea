// A function with a large result.
import { createFunction } from '@stepwell/sdk';

export const b7 = createFunction({ id: 'b7', retries: 1 }, { event: 'b7/go' }, () => 'x'.repeat(9 << 20));
