// Billing: a reminder that is not sent to those who have paid.
import { inngest } from '../client';

/** 4. Sleeps until an invoice is due; the payment cancels it. */
export const paymentReminder = inngest.createFunction(
  {
    id: 'payment-reminder',
    cancelOn: [{ event: 'billing/invoice.paid', match: 'data.invoiceId' }],
    timeouts: { finish: '60d' },
  },
  { event: 'billing/invoice.created' },
  async ({ event, step }) => {
    await step.sleepUntil('until-due', new Date(event.data.dueAt));
    return step.run('remind', () => `invoice ${event.data.invoiceId} is due`);
  },
);
