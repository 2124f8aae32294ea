// A singleton that cancels.
import { createFunction } from '@stepwell/sdk';

export const g9 = createFunction<{ nap: number }>(
  { id: 'g9', singleton: { mode: 'cancel' }, onFailure: () => 'a cancelled run is no failed run' },
  { event: 'g9/go' },
  ({ event, step }) => step.sleep('nap', `${event.data.nap}s`),
);
