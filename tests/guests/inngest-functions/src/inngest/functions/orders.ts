// Orders: a function that calls another one, and undoes its own work if that fails.
import { invoke, NonRetriableError, staticSchema, StepError } from 'inngest';
import { inngest, orderPlaced } from '../events';

/** 9. Only ever invoked. */
export const chargeCard = inngest.createFunction(
  {
    id: 'charge-card',
    triggers: invoke(staticSchema<{ cents: number; isCardGood: boolean }>()),
    retries: 0,
  },
  async ({ event, step }) =>
    step.run('charge', () => {
      if (!event.data.isCardGood) throw new NonRetriableError('the card was declined');
      return { receipt: `receipt for ${event.data.cents}` };
    }),
);

/** 10. Reserves, has the card charged, and takes the reservation back if it was declined. */
export const fulfilOrder = inngest.createFunction(
  { id: 'fulfil-order', triggers: [{ event: orderPlaced, if: 'event.data.cents > 0' }] },
  async ({ event, step }) => {
    const { orderId, cents, isCardGood } = event.data;
    await step.run('reserve', () => orderId);
    try {
      const { receipt } = await step.invoke('charge', { function: chargeCard, data: { cents, isCardGood } });
      return `${orderId}: ${receipt}`;
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      await step.run('release', () => orderId);
      return `${orderId}: ${error.message}`;
    }
  },
);
