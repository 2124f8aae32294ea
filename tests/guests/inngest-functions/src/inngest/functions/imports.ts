// Imports: many small events, one write.
import { inngest, rowAdded } from '../events';

/** 11. Batched by table: one run for what comes together. */
export const importRows = inngest.createFunction(
  {
    id: 'import-rows',
    triggers: [rowAdded],
    batchEvents: { maxSize: 3, timeout: '60s', key: 'event.data.table' },
  },
  async ({ events, step }) => {
    const values = events.map(({ data }) => data.value);
    return step.run('insert', () => values.reduce((sum, value) => sum + value, 0));
  },
);
