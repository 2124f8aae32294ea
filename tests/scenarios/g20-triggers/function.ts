// A function with two triggers for one event, and others with filters on what is not there.
import { createFunction } from '@stepwell/sdk';

export const twice = createFunction({ id: 'g20' }, [{ event: 'g20/go' }, { event: 'g20/*' }], () => 'once');

export const missing = createFunction(
  { id: 'g21' },
  { event: 'g21/go', if: 'event.data.product.price > 3' },
  () => 'never',
);

export const missingOr = createFunction(
  { id: 'g21-or' },
  { event: 'g21/go', if: 'event.data.product.price > 3 || event.data.n + 0.5 > 3' },
  () => 'for what is there',
);

export const undecided = createFunction(
  { id: 'g21-undecided' },
  { event: 'g21/go', if: 'event.data.n' },
  () => 'never',
);
