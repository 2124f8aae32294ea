// A wait for an hour, by a field; two side by side with a step; and one by an expression.
import { createFunction } from '@stepwell/sdk';

interface Paid {
  order: string;
  amount: number;
}

const timeout = '1h';

export const waits = createFunction({ id: 'e5' }, { event: 'e5/go' }, async ({ step }) => {
  const paid = await step.waitForEvent<Paid>('payment', { event: 'e5/paid', match: 'data.order', timeout });
  return paid ? `paid ${paid.data.amount}` : 'never paid';
});

export const waitsForBoth = createFunction({ id: 'e5-both' }, { event: 'e5/go-both' }, async ({ step }) => {
  const [a, b, c] = await Promise.all([
    step.waitForEvent('a', { event: 'e5/a', timeout }),
    step.run('b', () => 2),
    step.waitForEvent('c', { event: 'e5/c', timeout }),
  ]);
  return (a ? 1 : 0) + b + (c ? 4 : 0);
});

export const waitsWhen = createFunction({ id: 'e5-when' }, { event: 'e5/go-when' }, async ({ step }) => {
  const when = "async.data.amount > event.data.least && async.data.order == 'A'";
  const paid = await step.waitForEvent('enough', { event: 'e5/paid', if: when, timeout });
  return paid !== null;
});
