// A function that takes its events in batches.
import { createFunction } from '@stepwell/sdk';

export const g16 = createFunction<{ n: number | string }>(
  { id: 'g16', batchEvents: { maxSize: 3, timeout: '10s', key: 'event.data.to', if: 'event.data.n < 100' } },
  { event: 'g16/go' },
  ({ events }) => events.map(({ data: { n } }) => (typeof n === 'number' ? n : 0)),
);
