// A function that sends events, throws, and is entered again.
import { createFunction } from '@stepwell/sdk';

export const sends = createFunction({ id: 'e20', retries: 1 }, { event: 'e20/go' }, async ({ step, attempt }) => {
  const events = [0, 1].map((n) => ({ name: 'e20/told', data: { n } }));
  const { ids } = await step.sendEvent('tell', events);
  if (attempt === 0) throw new Error('once more');
  return ids.length;
});

export const hears = createFunction<{ n: number }>(
  { id: 'e20-hears' },
  { event: 'e20/told' },
  ({ event }) => event.data.n,
);

export const sendsReserved = createFunction(
  { id: 'e20-reserved', retries: 3 },
  { event: 'e20/go-reserved' },
  ({ step }) => step.sendEvent('tell', { name: 'inngest/function.failed', data: {} }),
);
