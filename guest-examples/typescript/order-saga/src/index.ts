// Places an order in three steps, and takes back what was done when that fails for good.
import { createFunction, plugin, type FailedRun } from '@stepwell/sdk';
import { chargeCard, refundCard, releaseStock, reserveStock, ship, type Trouble } from './shop.js';

/** The data of `shop/order.placed`. */
interface Order {
  order: string;
  fails_at?: Trouble;
}

export default plugin(
  createFunction<Order>(
    {
      id: 'place-order',
      name: 'Place order',
      retries: 1,
      // The last first, and exactly what had been done; each in a step, so that it is taken back once.
      onFailure: async ({ error, event, failed, step, logger }) => {
        const { order } = event.data.event.data;
        const undone: string[] = [];

        const payment = done(failed, 'charge-card');
        if (payment) {
          await step.run('refund-card', () => refundCard(payment));
          undone.push('refund-card');
        }
        const reservation = done(failed, 'reserve-stock');
        if (reservation) {
          await step.run('release-stock', () => releaseStock(reservation));
          undone.push('release-stock');
        }

        logger.warn(`order ${order} is rolled back: ${error}`, { undone });
        return { order, undone };
      },
    },
    { event: 'shop/order.placed' },
    // Each step is done once, however often a later one is retried.
    async ({ event, step }) => {
      const { order, fails_at: trouble } = event.data;
      await step.run('reserve-stock', () => reserveStock(order));
      await step.run('charge-card', () => chargeCard(order, trouble));
      await step.run('ship', () => ship(order, trouble));
      return { order, shipped: true };
    },
  ),
);

/** What that step of the failed run came to; `undefined` if the run did not get so far, or if that is what failed. */
function done(failed: FailedRun, step: string): string | undefined {
  try {
    return failed.step<string>(step);
  } catch {
    return undefined;
  }
}
