// A function that fails where its event says so.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const f12 = createFunction<{ fail?: boolean }>({ id: 'f12' }, { event: 'f12/go' }, ({ event }) => {
  if (event.data.fail) throw new NonRetriableError('told to');
  return 1;
});
