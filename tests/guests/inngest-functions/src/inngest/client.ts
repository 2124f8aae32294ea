// The client, with the events of the functions in the style of Inngest's third version.
import { EventSchemas, Inngest } from 'inngest';

type Events = {
  'app/user.signed_up': { data: { userId: string; email: string; patience?: string } };
  'app/user.activated': { data: { userId: string } };
  'app/digest.due': { data: { users: string[] } };
  'app/digest.requested': { data: { userId: string; week: number } };
  'billing/invoice.created': { data: { invoiceId: string; dueAt: number } };
  'billing/invoice.paid': { data: { invoiceId: string } };
  'crm/contact.changed': { data: { contactId: string; answers: number[] } };
};

export const inngest = new Inngest({
  id: 'inngest-functions',
  schemas: new EventSchemas().fromRecord<Events>(),
});
