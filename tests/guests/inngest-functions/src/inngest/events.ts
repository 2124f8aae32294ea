// The client and the events of the functions in the style of Inngest's fourth version.
import { eventType, Inngest, staticSchema } from 'inngest';

export const inngest = new Inngest({ id: 'inngest-functions', isDev: true });

export const documentChanged = eventType('docs/document.changed', {
  schema: staticSchema<{ documentId: string; revision: number }>(),
});

export const videoUploaded = eventType('video/uploaded', {
  schema: staticSchema<{ videoId: string; plan: 'free' | 'pro' }>(),
});

export const videoReady = eventType('video/ready', { schema: staticSchema<{ videoId: string; formats: string[] }>() });

export const orderPlaced = eventType('shop/order.placed', {
  schema: staticSchema<{ orderId: string; cents: number; isCardGood: boolean }>(),
});

export const rowAdded = eventType('import/row.added', { schema: staticSchema<{ table: string; value: number }>() });

export const accountClosed = eventType('app/account.closed', { schema: staticSchema<{ userId: string }>() });
