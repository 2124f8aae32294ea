// A function that fails, and whose handler tries it once more, up to three times in all.
import { createFunction } from '@stepwell/sdk';

export const f27 = createFunction<{ try: number }>(
  {
    id: 'f27',
    retries: 0,
    onFailure: async ({ event, step }) => {
      const tried = event.data.event.data.try;
      if (tried === 3) return 'given up';
      try {
        await step.invoke('again', { function: 'f27', data: { try: tried + 1 } });
        return 'it works';
      } catch (error) {
        return `again: ${(error as Error).message}`;
      }
    },
  },
  { event: 'f27/go' },
  ({ event }) => {
    throw new Error(`try ${event.data.try} fails`);
  },
);
