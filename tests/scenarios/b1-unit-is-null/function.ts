// A function that returns nothing.
import { createFunction } from '@stepwell/sdk';

export const b1 = createFunction({ id: 'b1' }, { event: 'b1/go' }, () => {});
