// Definitions of functions, and how modules become plugins.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFunction, plugin, referenceFunction, Stepwell, type FunctionOptions } from '../index.js';
import { pluginOf } from '../plugin.js';

const optionsOf = (options: Omit<FunctionOptions, 'id'>) =>
  JSON.parse(createFunction({ id: 'f', ...options }, [], () => {}).definition.options);

test('a function tells its triggers, name and handler', () => {
  const fn = createFunction(
    { id: 'f', name: 'F', retries: 2, onFailure: () => {} },
    [
      { event: 'a', if: 'event.data.x > 1' },
      { cron: '0 9 * * *', jitter: '30s' },
    ],
    () => {},
  );
  const { options, ...rest } = fn.definition;
  assert.deepEqual(rest, { id: 'f', name: 'F', hasFailureHandler: true });
  const triggers = [
    { event: 'a', if: 'event.data.x > 1' },
    { cron: '0 9 * * *', jitter: '30000ms' },
  ];
  assert.deepEqual(JSON.parse(options), { triggers, retries: 2 });
  const inOptions = createFunction({ id: 'g', triggers: { event: 'a' } }, () => {});
  assert.equal(inOptions.definition.options, '{"triggers":[{"event":"a"}]}');
});

test('flow control has the names of Inngest and the options of the contract', () => {
  const options = optionsOf({
    concurrency: [{ limit: 10 }, { limit: 1, key: 'event.data.customer', scope: 'env' }],
    throttle: { limit: 5, period: '60s', burst: 2, key: 'k' },
    rateLimit: { limit: 1, period: '1m' },
    debounce: { period: '5s', timeout: '1m', key: 'k' },
    batchEvents: { maxSize: 100, timeout: '5s', key: 'k', if: 'true' },
    priority: { run: '120' },
    singleton: { mode: 'skip', key: 'k' },
    idempotency: 'event.data.id',
    cancelOn: [
      { event: 'gone', match: 'data.id', timeout: '1h' },
      { event: 'x', if: 'true' },
    ],
    timeouts: { start: '10s', finish: '1h' },
    backoff: { kind: 'exponential', first: '1s', factor: 3, max: '1m' },
    jitter: '1s',
  });
  assert.deepEqual(options, {
    triggers: [],
    backoff: { kind: 'exponential', first_ms: 1000, factor: 3, max_ms: 60_000 },
    jitter_ms: 1000,
    concurrency: [{ limit: 10 }, { limit: 1, key: 'event.data.customer', scope: 'env' }],
    cancel_on: [
      { event: 'gone', match: 'data.id', timeout_ms: 3_600_000 },
      { event: 'x', if: 'true' },
    ],
    timeouts: { start_ms: 10_000, finish_ms: 3_600_000 },
    idempotency: 'event.data.id',
    rate_limit: { limit: 1, period_ms: 60_000 },
    throttle: { limit: 5, period_ms: 60_000, burst: 2, key: 'k' },
    debounce: { period_ms: 5000, timeout_ms: 60_000, key: 'k' },
    batch: { max_size: 100, timeout_ms: 5000, key: 'k', if: 'true' },
    priority: '120',
    singleton: { mode: 'skip', key: 'k' },
  });
});

test('concurrency is a number, a limit, several, or limits on runs and steps', () => {
  assert.deepEqual(optionsOf({ concurrency: 5 }).concurrency, [{ limit: 5 }]);
  assert.deepEqual(optionsOf({ concurrency: 0 }).concurrency, []);
  assert.deepEqual(optionsOf({ concurrency: { limit: 2, key: 'k' } }).concurrency, [{ limit: 2, key: 'k' }]);
  const both = optionsOf({ concurrency: { fn: [{ limit: 3 }], step: { limit: 4 } } });
  assert.deepEqual([both.concurrency, both.run_concurrency], [[{ limit: 4 }], { limit: 3 }]);
});

test('mistakes are told when the module is loaded', () => {
  assert.throws(
    () => optionsOf({ throttle: { limit: 1, period: 'soon' } }),
    /function "f": throttle.period: "soon" is no duration/,
  );
  assert.throws(() => optionsOf({ retrys: 1 } as object), /option "retrys" is not known/);
  assert.throws(() => optionsOf({ retries: -1 }), /no whole number/);
  assert.throws(() => optionsOf({ cancelOn: [{ event: 'e', match: 'a', if: 'b' }] }), /both `match` and `if`/);
  const fn = createFunction({ id: 'f' }, [], () => {});
  assert.throws(() => plugin(fn, fn), /two functions of the plugin have the id "f"/);
  assert.throws(() => createFunction({ id: '' }, [], () => {}), /needs an id/);
});

test('a module is a plugin by its default export, or by all that it exports', () => {
  const client = new Stepwell({ id: 'shop' });
  const [a, b] = [createFunction({ id: 'a' }, [], () => {}), client.createFunction({ id: 'b' }, [], () => {})];
  const ids = (module: Record<string, unknown>) => pluginOf(module).functions.map(({ id }) => id);
  assert.deepEqual(ids({ default: plugin(a, b) }), ['a', 'b']);
  assert.deepEqual(ids({ default: a, other: b }), ['a']);
  assert.deepEqual(ids({ default: [a, b] }), ['a', 'b']);
  assert.deepEqual(ids({ a, b, helper: 5 }), ['a', 'b']);
  assert.throws(() => ids({ helper: 5 }), /exports no function/);
  assert.deepEqual(referenceFunction({ functionId: 'x', appId: 'y' }), { functionId: 'x', appId: 'y' });
});
