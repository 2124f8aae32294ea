// Roll-backs, wherever the order fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestHost } from '@stepwell/sdk/testing';
import orders from '../src/index.js';

const placed = (host: TestHost, fails_at: string | null) => host.execute('shop/order.placed', { order: 'o-1', fails_at });

test('an order is shipped', async () => {
  const run = await placed(new TestHost(orders), null);
  assert.deepEqual(run.output, { order: 'o-1', shipped: true }, run.journal);
  assert.deepEqual(
    run.steps.map(({ id }) => id),
    ['reserve-stock', 'charge-card', 'ship'],
  );
});

test('what was done is undone, the last first', async () => {
  for (const [fails_at, undone] of [
    ['ship', ['refund-card', 'release-stock']],
    ['charge', ['release-stock']],
  ] as const) {
    const { handler } = await placed(new TestHost(orders), fails_at);
    assert.deepEqual(handler?.output, { order: 'o-1', undone }, handler?.journal);
  }
});

test('shipping is retried, a declined card is not', async () => {
  assert.equal((await placed(new TestHost(orders), 'ship')).step('ship').attempts, 2);
  assert.equal((await placed(new TestHost(orders), 'charge')).step('charge-card').attempts, 1);
});

test('a crash in the rollback releases no less', async () => {
  const host = new TestHost(orders);
  host.crash('refund-card');
  const { handler } = await placed(host, 'ship');
  assert.deepEqual(handler?.output, { order: 'o-1', undone: ['refund-card', 'release-stock'] });
});
