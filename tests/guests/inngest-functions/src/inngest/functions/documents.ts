// Documents: a change now and then is worth the work, a change each second is not.
import { documentChanged, inngest } from '../events';

/** 6. Debounced: of many changes the last one is worked on. */
export const reindexDocument = inngest.createFunction(
  {
    id: 'reindex-document',
    triggers: [{ event: documentChanged }],
    debounce: { key: 'event.data.documentId', period: '1s', timeout: '10m' },
    rateLimit: { key: 'event.data.documentId', limit: 100, period: '1h' },
  },
  async ({ event, step }) => {
    const words = await step.run('index', () => event.data.revision * 100);
    return `${event.data.documentId}@${event.data.revision}: ${words} words`;
  },
);
