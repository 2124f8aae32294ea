// The test kit, as its users have it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFunction, NonRetriableError, plugin, RetryAfterError, type FunctionFailed } from '../index.js';
import { TestHost } from '../testing/index.js';

const NOON = new Date('2026-01-01T12:00:00Z');

const order = createFunction<{ order: string }>(
  {
    id: 'place-order',
    name: 'Place an order',
    retries: 2,
    onFailure: ({ error, event, failed, step }) =>
      step.run('alert', () => `${event.data.event.data.order}: ${error}, reserved ${failed.step('reserve')}`),
  },
  { event: 'shop/order.placed' },
  async ({ event, step, logger }) => {
    const id = await step.run('reserve', (order: string) => `r-${order}`, event.data.order);
    logger.info(`reserved ${id}`, { id });
    const charged = await step.run('charge', () => ({ cents: 1999, at: new Date() }));
    await step.sleep('cool down', '1h');
    await step.run('ship', () => undefined);
    return charged;
  },
);

test('runs go as far as they can without time passing, and then as time passes', async () => {
  const host = new TestHost(order, { now: NOON });
  const run = await host.send('shop/order.placed', { order: 'o-1' });
  assert.deepEqual([run?.status, run?.waits, run?.steps.length], ['waiting', ['cool down'], 2]);
  await host.advance('59m');
  assert.equal(run?.status, 'waiting');
  await host.advance('1m');
  assert.deepEqual(run?.output, { cents: 1999, at: '2026-01-01T12:00:00.000Z' });
  assert.deepEqual([host.now, run?.attempts], [new Date('2026-01-01T13:00:00Z'), 1]);
  assert.deepEqual(run?.log, [{ level: 'info', message: 'reserved r-o-1', fields: { id: 'r-o-1' }, step: undefined }]);
  assert.equal(
    run?.journal,
    `run-1 of place-order
  +0s step reserve completed "r-o-1"
  +0s step charge completed {"cents":1999,"at":"2026-01-01T12:00:00.000Z"}
  +0s sleep cool down for 1h
  +1h sleep cool down is over
  +1h step ship completed null
  +1h completed {"cents":1999,"at":"2026-01-01T12:00:00.000Z"}`,
  );
});

test('a failed run has one handler run, and those who listen hear of it', async () => {
  const listener = createFunction<FunctionFailed>(
    { id: 'listener', onFailure: () => 'never' },
    { event: 'inngest/function.failed' },
    ({ event }) => {
      throw new NonRetriableError(`heard ${event.data.function_id}: ${event.data.error.message}`);
    },
  );
  const host = new TestHost(plugin(order, listener), { now: NOON, plugin: 'shop' });
  host.fail('charge', Object.assign(new RangeError('declined'), { code: 'E_DECLINED' }));
  const run = await host.execute('shop/order.placed', { order: 'o-1' });
  assert.deepEqual([run.status, run.attempts, run.step('charge').attempts], ['failed', 1, 3], run.journal);
  assert(run.error instanceof RangeError);
  assert.deepEqual(
    [run.error.code, run.error.stepId, run.step('charge').error?.message],
    ['E_DECLINED', 'charge', 'declined'],
  );
  assert.equal(run.handler?.output, 'o-1: RangeError: declined, reserved r-o-1');
  assert.deepEqual(
    [run.handler.name, run.handler.handles, run.handler.handler],
    ['Place an order (failure)', run, undefined],
  );
  assert.deepEqual(
    host.runs.map(({ functionId, status }) => `${functionId} ${status}`),
    ['place-order failed', 'listener failed', 'place-order-failure completed'],
  );
  assert.equal(host.runs[1]?.error?.message, 'heard shop-place-order: declined');
  const names = host.events.map(({ name }) => name);
  assert.deepEqual(names, ['shop/order.placed', 'inngest/function.finished', 'inngest/function.failed']);
  assert.deepEqual(host.now, new Date('2026-01-01T12:00:45Z'), 'retries have no jitter');
});

test('steps, invocations, waits and requests come to what a test says', async () => {
  const fn = createFunction({ id: 'f' }, { event: 'go' }, async ({ step }) => {
    const a = await step.run('a', (n: number) => n, 1);
    const risk = await step.invoke<number>('risk', { function: 'other-risk', data: { a } });
    const paid = await step.waitForEvent<{ cents: number }>('paid', { event: 'paid', if: 'async.data.cents > 5' });
    const told = await step.fetch('tell', 'https://api.example/x', { method: 'POST', body: '{"b":2}' });
    return [a, risk, paid?.data.cents, await told.json()];
  });
  const host = new TestHost([fn]);
  await assert.rejects(host.execute('go'), /invokes "other-risk", which is no function of this host/);
  host.mock('a', (n: number) => n + 1);
  host.mock('risk', ({ a }: { a: number }) => a * 2);
  host.mock('paid', { cents: 7 });
  host.mock('tell', async (request: Request) => Response.json([await request.json(), request.url]));
  host.fail('tell', new TypeError('reset'), { times: 1 });
  const run = await host.execute('go');
  assert.deepEqual(run.output, [2, 4, 7, [{ b: 2 }, 'https://api.example/x']]);
  assert.equal(host.runs[1]?.step('tell').attempts, 2);
});

test('without being told, requests and expressions are refused clearly', async () => {
  const fetches = createFunction({ id: 'fetches' }, { event: 'fetch' }, ({ step }) => step.fetch('https://a.example/'));
  const filtered = createFunction(
    { id: 'filtered' },
    { event: 'x', if: 'event.data.a > 1' },
    ({ event }) => event.data,
  );
  const host = new TestHost([fetches, filtered]);
  await assert.rejects(host.send('fetch'), /GET https:\/\/a\.example\/, and tests make no requests: .*host\.mock/);
  await assert.rejects(new TestHost(filtered).send('x'), /if `event\.data\.a > 1`, which only the real host can tell/);
  await assert.rejects(new TestHost(filtered).execute('none'), /"none" starts no function of this host/);
  await assert.rejects(host.send('inngest/function.failed'), /the host's own/);
  const started = await new TestHost(filtered).start('filtered', { name: 'x', data: { a: 2 } });
  assert.deepEqual(started.output, { a: 2 });
});

test('events, signals and invocations reach the runs of the host', async () => {
  const waits = createFunction<{ order: number }>({ id: 'waits' }, { event: 'go' }, async ({ event, step }) => {
    const [paid, approved] = await Promise.all([
      step.waitForEvent<{ cents: number }>('paid', { event: 'paid', match: 'data.order', timeout: '1h' }),
      step.waitForSignal('approval', { signal: `approved-${event.data.order}`, timeout: '3d' }),
    ]);
    return [paid?.data.cents ?? null, approved?.data ?? null];
  });
  const caller = createFunction({ id: 'caller' }, { event: 'call' }, async ({ step }) => {
    await step.sendEvent('tell', { name: 'go', data: { order: 1 } });
    return step.invoke('ask', { function: waits, data: { order: 2 } });
  });
  const host = new TestHost([waits, caller]);
  const run = await host.execute('call');
  assert.deepEqual([run.status, run.waits], ['waiting', ['ask']]);
  const [, first, invoked] = host.runs;
  assert.equal(await host.send('paid', { order: 2, cents: 5 }), invoked);
  assert.equal(await host.signal('approved-2', 'Ada'), invoked);
  assert.deepEqual([run.output, first?.status], [[5, 'Ada'], 'waiting']);
  assert.equal(await host.signal('approved-3'), undefined);
  const second = await host.send('go', { order: 1 });
  assert.equal(second?.error?.name, 'SignalConflict');
});

test('time passes in the order in which things are due, and a wait is over by its timeout', async () => {
  const fn = createFunction({ id: 'f' }, { event: 'go' }, async ({ step }) => {
    const begun = Date.now();
    const first = await Promise.race([
      step.sleep('nap', '2h').then(() => 'nap'),
      step.waitForEvent('wait', { event: 'never', timeout: '1h' }).then(() => 'wait'),
    ]);
    return [first, Date.now() - begun, await step.run('then', () => new Date().toISOString())];
  });
  const before = Date.now();
  const host = new TestHost(fn, { now: NOON });
  const run = await host.send('go');
  await host.advance('1d');
  assert.deepEqual(run?.output, ['wait', 3_600_000, '2026-01-01T13:00:00.000Z']);
  assert(Date.now() - before < 3_600_000 && new Date() instanceof Date, "the test's own clock is as ever");
});

test('a crash behind a step runs it again, and no attempt is used', async () => {
  const effects: number[] = [];
  const fn = createFunction({ id: 'f', retries: 0 }, { event: 'go' }, async ({ step }) => {
    const random = Math.random();
    await step.run('save', () => void effects.push(random));
    return Math.random();
  });
  const host = new TestHost(fn);
  host.crash('save', { times: 2 });
  const run = await host.execute('go');
  assert.deepEqual(
    [run.status, effects.length, new Set(effects).size, run.step('save').attempts],
    ['completed', 3, 1, 1],
  );
  host.crash('save', { times: 10 });
  const second = await host.execute('go');
  assert.deepEqual([second.status, second.error?.name], ['failed', 'Interrupted']);
});

test('bodies are retried, later where they say so; a batch, a schedule and a cancellation are at hand', async () => {
  const later = createFunction({ id: 'later' }, { event: 'go' }, ({ attempt, events }) => {
    if (attempt === 0) throw new RetryAfterError('busy', '10m');
    if (attempt === 1) throw new Error('x');
    return events.length;
  });
  const daily = createFunction(
    { id: 'daily', cancelOn: [{ event: 'stop', match: 'data.id' }] },
    { cron: '0 9 * * *' },
    async ({ event, step }) => {
      await step.sleep('nap', '1h');
      return event.data['cron'];
    },
  );
  const host = new TestHost([later, daily], { now: NOON });
  const run = await host.start('later', { name: 'go' }, { name: 'go' });
  await host.advance('11m');
  assert.deepEqual([run.output, run.attempts, run.events.length], [2, 3, 2], run.journal);
  const scheduled = await host.start(daily);
  await host.advance('1h');
  assert.equal(scheduled.output, '0 9 * * *');
  const stopped = await host.start(daily, { name: 'x', data: { id: 1 } });
  await host.send('stop', { id: 2 });
  assert.equal(stopped.status, 'waiting');
  await host.send('stop', { id: 1 });
  assert.deepEqual([stopped.status, stopped.waits], ['cancelled', []]);
  assert.throws(() => stopped.output, /it is cancelled:\nrun-3 of daily/);
  assert.throws(() => run.step('none'), /later has not done "none"; what it has done: none/);
});

test('an event of one id starts a function once in a day; one of the future, then', async () => {
  const fn = createFunction({ id: 'f' }, { event: 'shop/*' }, ({ event }) => event.name);
  const host = new TestHost(fn, { now: NOON });
  const event = { name: 'shop/x', id: 'one' };
  assert.equal((await host.send(event))?.output, 'shop/x');
  assert.equal(await host.send(event), undefined);
  await host.advance('1d');
  assert(await host.send(event));
  await host.send({ name: 'shop/later', ts: host.now.getTime() + 1000 });
  assert.equal(host.runs.length, 2);
  await host.advance('1s');
  assert.equal(host.runs[2]?.output, 'shop/later');
});

test('what diverges fails, and a host inside of a function is refused', async () => {
  let isSleep = false;
  const fn = createFunction({ id: 'f' }, { event: 'go' }, async ({ step }) => {
    isSleep = !isSleep;
    await (isSleep ? step.sleep('a', '1s') : step.run('a', () => 1));
  });
  const host = new TestHost(fn);
  assert.equal((await host.execute('go')).error?.name, 'Diverged');
  const nests = createFunction({ id: 'nests', retries: 0 }, { event: 'go' }, () => host.send('go'));
  assert.match((await new TestHost(nests).execute('go')).error?.message ?? '', /not to be used inside/);
});

test('code sees the attempt of the step that it is on the way to', async () => {
  const seen: string[] = [];
  const save = createFunction({ id: 'save', retries: 4 }, { event: 'go' }, async ({ attempt, step }) => {
    seen.push(`body ${attempt}`);
    const beside = step.run('beside', () => attempt);
    const saved = step.run('save', () => {
      if (attempt < 2) throw new Error('busy');
      return attempt;
    });
    return Promise.all([saved, beside]);
  });
  const run = await new TestHost(save, { now: NOON }).execute('go');
  assert.deepEqual([run.output, run.step('save').attempts, run.attempts], [[2, 0], 3, 1], run.journal);
  assert.ok(seen.includes('body 2'), seen.join());
});

test('what is nested too deep for the host is refused as there', async () => {
  const nested = (levels: number) => {
    let value: unknown = 'core';
    for (let level = 0; level < levels; level += 1) value = { value };
    return value;
  };
  const deep = createFunction<{ levels: number }>({ id: 'deep', retries: 0 }, { event: 'go' }, ({ event, step }) =>
    step.run('deep', () => nested(event.data.levels)),
  );
  const host = new TestHost(deep, { now: NOON });
  assert.deepEqual((await host.execute('go', { levels: 1_000 })).output, nested(1_000));
  const { error } = await host.execute('go', { levels: 1_001 });
  assert.match(String(error), /InvalidJson: the result of step deep is nested deeper than 1000 levels/);
});
