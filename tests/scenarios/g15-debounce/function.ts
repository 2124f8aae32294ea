// A debounced function.
import { createFunction } from '@stepwell/sdk';

export const g15 = createFunction<{ n: number }>(
  { id: 'g15', debounce: { period: '5s', timeout: '12s', key: 'event.data.to' } },
  { event: 'g15/go' },
  async ({ event, step }) => {
    await step.sleep('nap', '2s');
    return event.data.n;
  },
);
