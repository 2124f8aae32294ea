// Another system: it says when to come again, and what no retry mends.
import { NonRetriableError, RetryAfterError } from 'inngest';
import { inngest } from '../client';

/** 5. What the other system answers decides on the retries; a failure is told. */
export const syncContact = inngest.createFunction(
  {
    id: 'sync-contact',
    retries: 3,
    onFailure: async ({ error, event, step, logger }) => {
      logger.error('a contact is out of step', error);
      const { contactId } = event.data.event.data;
      return step.run('open-ticket', () => `contact ${contactId}: ${error.name}: ${error.message}`);
    },
  },
  { event: 'crm/contact.changed' },
  async ({ event, step }) =>
    step.run('push', async () => {
      const { attempt } = step.current();
      const status = event.data.answers[attempt] ?? 200;
      if (status === 429) throw new RetryAfterError('the CRM is busy', '1s');
      if (status === 404) throw new NonRetriableError('the CRM has no such contact', { cause: new Error('404') });
      return { status, attempt };
    }),
);
