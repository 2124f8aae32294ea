// A function that does nothing but end.
import { createFunction } from '@stepwell/sdk';

export const g24 = createFunction<{ n: number }>({ id: 'g24' }, { event: 'g24/go' }, ({ event }) => event.data.n);
