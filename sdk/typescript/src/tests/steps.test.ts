// Steps in sequence and side by side, as a run replays them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFunction, StepError, type Context } from '../index.js';
import { failureOf, MemoryHost, valueOf } from './host.js';

const hostOf = (handler: (context: Context) => unknown, answers = {}, retries = 1) =>
  new MemoryHost(createFunction({ id: 'f', retries }, [], handler), answers);

const fail = (message: string) => () => {
  throw new Error(message);
};

test('B1, B2, B6: what a function returns', async () => {
  const value = async (returned: unknown) => valueOf(await hostOf(() => returned).run());
  assert.equal(await value(undefined), null);
  assert.equal(await value(new Date(0)), '1970-01-01T00:00:00.000Z');
  assert.deepEqual(await value([new Map([[1, 2]]), new Set([1]), new Error('x')]), [{}, {}, {}]);
});

test('B4, B5: what has no JSON form fails the run', async () => {
  const big = failureOf(await hostOf(() => ({ a: 1n })).run());
  assert.equal(big.name, 'TypeError');
  assert.match(big.message, /BigInt/);
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  assert.equal(failureOf(await hostOf(() => circle).run()).name, 'TypeError');
});

test('C1, C2: the body gets what a step yields by its way through JSON', async () => {
  const host = hostOf(async ({ step }) => {
    const nothing = await step.run('nothing', () => {});
    return [nothing, await step.run('a', () => ({ d: new Date(0), u: undefined, b: 1n }))];
  });
  assert.deepEqual(valueOf(await host.run()), [null, { d: '1970-01-01T00:00:00.000Z' }]);
});

test('C3: circles are cut with a marker', async () => {
  const circle: Record<string, unknown> = { name: 'x', twice: [] };
  circle['twice'] = [circle['name'], circle['name'], { up: circle }];
  const host = hostOf(({ step }) => step.run('a', () => circle as object));
  assert.deepEqual(valueOf(await host.run()), { name: 'x', twice: ['x', 'x', { up: '[Circular ~]' }] });
});

test('C19: steps in sequence run once each, in one instance', async () => {
  const host = hostOf(async ({ step }) => {
    const a = await step.run('a', () => 1);
    const b = await step.run('b', async () => a + 1);
    return b + (await step.run('c', () => 1));
  });
  assert.equal(valueOf(await host.run()), 3);
  assert.deepEqual([host.attempts, host.entries], [['a:0', 'b:0', 'c:0'], 1]);
});

test('C15, C18: steps have their own retries, and the body has its own behind them', async () => {
  const failed = new Set<string>();
  const once = (id: string) => () => {
    if (!failed.has(id)) {
      failed.add(id);
      throw new Error(id);
    }
    return id;
  };
  const host = hostOf(async ({ step }) => [await step.run('a', once('a')), await step.run('b', once('b'))]);
  assert.deepEqual(valueOf(await host.run()), ['a', 'b']);
  assert.deepEqual(host.attempts, ['a:0', 'a:1', 'b:0', 'b:1']);
  let bodies = 0;
  const after = hostOf(async ({ step }) => {
    await step.run('a', () => 1);
    bodies += 1;
    throw new Error('after');
  });
  assert.equal(failureOf(await after.run()).message, 'after');
  assert.deepEqual([after.attempts, bodies], [['a:0'], 2]);
});

test('C23: one id twice, in a loop and side by side', async () => {
  const host = hostOf(async ({ step }) => {
    const both = await Promise.all([step.run('a', () => 1), step.run('a', () => 2)]);
    return [...both, await step.run('a', () => 3)];
  });
  assert.deepEqual(valueOf(await host.run()), [1, 2, 3]);
  assert.deepEqual(host.kinds, ['run a', 'run a:1', 'run a:2']);
});

test('C28: a nested step fails its outer step at once and for good', async () => {
  const host = hostOf(({ step }) => step.run('outer', async () => step.run('inner', () => 1)));
  const failure = failureOf(await host.run());
  assert.deepEqual([failure.name, failure.step?.id, host.attempts], ['NestedStepError', 'outer', ['outer:0']]);
  assert.match(failure.message, /"outer" reached operation "inner"/);
  const swallowed = hostOf(({ step }) => step.run('outer', () => step.run('inner', () => 1).catch(() => 'ok')));
  assert.equal(failureOf(await swallowed.run()).name, 'NestedStepError');
});

test('C33: a step that nobody awaits runs before the end', async () => {
  const ran: string[] = [];
  const host = hostOf(({ step }) => {
    void step.run('a', () => ran.push('a')).then(() => step.run('b', () => ran.push('b')));
    void step.run('fails', fail('x'));
    return 'done';
  });
  assert.equal(valueOf(await host.run()), 'done');
  assert.deepEqual(
    [ran.sort(), host.attempts.filter((attempt) => attempt.startsWith('fails'))],
    [
      ['a', 'b'],
      ['fails:0', 'fails:1'],
    ],
  );
});

test('D1, D2, D4, D5, D6: side by side', async () => {
  const all = hostOf(({ step }) => Promise.all([step.run('a', () => 'ra'), step.run('b', async () => 'rb')]));
  assert.deepEqual(valueOf(await all.run()), ['ra', 'rb']);
  const one = hostOf(({ step }) => Promise.all([step.run('a', () => 1), step.run('b', fail('b'))]));
  assert.equal(failureOf(await one.run()).message, 'b');
  assert.equal(one.attempts.filter((attempt) => attempt.startsWith('b')).length, 2);
  const settled = hostOf(async ({ step }) => {
    const both = await Promise.allSettled([step.run('a', fail('a')), step.run('b', () => 1)]);
    return both.map(({ status }) => status);
  });
  assert.deepEqual(valueOf(await settled.run()), ['rejected', 'fulfilled']);
  const any = hostOf(({ step }) => Promise.any([step.run('a', fail('a')), step.run('b', () => 'b')]));
  assert.equal(valueOf(await any.run()), 'b');
  const none = hostOf(({ step }) => Promise.any([step.run('a', fail('a')), step.run('b', fail('b'))]));
  const failure = failureOf(await none.run());
  assert.deepEqual([failure.name, failure.advice.tag], ['AggregateError', 'by-policy']);
});

test('D7: a race keeps its winner in every pass, and losers run', async () => {
  const winners: unknown[] = [];
  const host = hostOf(async ({ step }) => {
    const winner = await Promise.race([step.run('first', () => 'first'), step.run('second', () => 'second')]);
    winners.push(winner);
    await step.sleep('wait', '1s');
    return [winner, await step.run('last', () => 'last')];
  });
  assert.deepEqual(valueOf(await host.run()), ['first', 'last']);
  assert(winners.every((winner) => winner === 'first') && host.attempts.includes('second:0'));
});

test('a race of a sleep and a wait ends with the first', async () => {
  const host = hostOf(({ step }) =>
    Promise.race([
      step.waitForEvent('wait', { event: 'never', timeout: '2h' }).then(() => 'wait'),
      step.sleep('sleep', '1h').then(() => 'sleep'),
    ]),
  );
  assert.equal(valueOf(await host.run()), 'sleep');
});

test('E1, E4: durations', async () => {
  const host = hostOf(async ({ step }) => {
    for (const duration of ['1500ms', '999ms', 1, '0s', '90m', 60000, '366d', '1h30m', '2 days 1 hour', '1.5s', '20']) {
      await step.sleep(`${duration}`, duration);
    }
  });
  valueOf(await host.run());
  const ms = (id: string) => host.optionsOf(id)?.['ms'];
  assert.deepEqual(['1500ms', '999ms', '1', '0s', '90m', '60000'].map(ms), [1500, 999, 1, 0, 5_400_000, 60_000]);
  assert.deepEqual(
    ['366d', '1h30m', '2 days 1 hour', '1.5s', '20'].map(ms),
    [31_622_400_000, 5_400_000, 176_400_000, 1500, 20],
  );
  for (const nonsense of ['banana', '', '-1s', '1x', '1h 3', -1, NaN]) {
    const { name, message } = failureOf(await hostOf(({ step }) => step.sleep('s', nonsense)).run());
    assert.equal(name, 'TypeError');
    assert.match(message, /sleep "s": .* is no duration/);
  }
});

test('E3: sleeping until a time', async () => {
  const host = hostOf(async ({ step }) => {
    await step.sleepUntil('date', new Date(5));
    await step.sleepUntil('text', '1970-01-01T00:00:01Z');
    await step.sleepUntil('zoned', { toString: () => '1970-01-01T01:00:01+01:00[Europe/Paris]' });
  });
  valueOf(await host.run());
  assert.deepEqual(
    ['date', 'text', 'zoned'].map((id) => host.optionsOf(id)?.['until']),
    [5, 1000, 1000],
  );
  assert.match(failureOf(await hostOf(({ step }) => step.sleepUntil('s', 'soon')).run()).message, /"soon" is no time/);
});

test('E5, E6, E11, E19, E20: waits, invocations, signals and events', async () => {
  const answers = {
    paid: { order: 7 },
    risk: 3,
    signal: 1,
  };
  const host = hostOf(async ({ step }) => {
    const paid = await step.waitForEvent<{ order: number }>('paid', {
      event: 'paid',
      timeout: '1h',
      match: 'data.order',
    });
    const late = await step.waitForEvent('late', { event: 'late', timeout: '1h' });
    const risk = await step.invoke<number>('risk', { function: 'risk-score', data: { order: 7 } });
    const signal = await step.waitForSignal('signal', { signal: 's', timeout: '1d', onConflict: 'replace' });
    const told = await step.sendSignal('told', { signal: 's', data: 1 });
    return [paid?.data.order, late, risk, signal, told, await step.sendEvent('tell', { name: 'x', data: {} })];
  }, answers);
  assert.deepEqual(valueOf(await host.run()), [
    7,
    null,
    3,
    { signal: 's', data: 1 },
    { runId: null },
    { ids: ['event-2'] },
  ]);
  assert.deepEqual(host.optionsOf('paid'), { event: 'paid', match: 'data.order', timeout_ms: 3_600_000 });
  assert.deepEqual(host.optionsOf('risk'), { function: 'risk-score', data: { order: 7 }, timeout_ms: 31_536_000_000 });
  assert.deepEqual(host.optionsOf('signal'), { signal: 's', timeout_ms: 86_400_000, on_conflict: 'replace' });
  assert.deepEqual(host.optionsOf('tell'), { events: [{ name: 'x', data: {} }] });
  const both = hostOf(({ step }) => step.waitForEvent('w', { event: 'e', match: 'data.id', if: 'true' }));
  assert.match(failureOf(await both.run()).message, /both `match` and `if`/);
});

test('a fetch has an id, one of the host unless told', async () => {
  const cookies = [...'ab'].map((name): [string, string] => ['set-cookie', `${name}=1`]);
  const answer = new Response(new Uint8Array([255, 0]), { status: 404, headers: cookies });
  const answers = { api: answer, 'step.fetch: b.example': Response.json({ a: 1 }) };
  const host = hostOf(async ({ step }) => {
    const init = { method: 'post', headers: { 'X-A': '1' }, body: new Uint8Array([255, 0]), timeout: '5s' };
    const first = await step.fetch({ id: 'api', retries: 2 }, 'https://a.example/x', init);
    const second = await step.fetch('https://b.example/y');
    return [first.ok, [...(await first.bytes())], first.headers.getSetCookie(), await second.json()];
  }, answers);
  assert.deepEqual(valueOf(await host.run()), [false, [255, 0], ['a=1', 'b=1'], { a: 1 }]);
  const wanted = { url: 'https://a.example/x', method: 'POST', headers: { 'x-a': '1' }, body: '/wA=', is_base64: true };
  assert.deepEqual(host.optionsOf('api'), { ...wanted, timeout_ms: 5000, retries: 2 });
});

test('ids are texts that are not empty', async () => {
  for (const id of ['', 5, undefined, 'x'.repeat(1025)]) {
    const failure = failureOf(await hostOf(({ step }) => step.run(id as string, () => 1)).run());
    assert.deepEqual([failure.name, failure.advice.tag], ['StepIdError', 'never']);
  }
});

test('a step knows its attempt, its key, and an input that may be replaced', async () => {
  const host = hostOf(async ({ step }) => {
    await step.run('known', () => step.current());
    const key = await step.run({ id: 'key', retries: 0, backoff: { kind: 'constant', delay: '1s' } }, () =>
      step.current(),
    );
    return [key, await step.run('charge', (cents) => cents, 1999), await step.run('two', (a, b) => [a, b], 1, 2)];
  });
  host.inputs = { charge: '1299', two: '[3,4]' };
  assert.deepEqual(valueOf(await host.run()), [{ attempt: 0, idempotencyKey: 'run-1-key-0' }, 1299, [3, 4]]);
  assert.deepEqual(host.optionsOf('key'), { retries: 0, backoff: { kind: 'constant', ms: 1000 } });
  assert.match(failureOf(await hostOf(({ step }) => step.current()).run()).message, /none is being run/);
});

test('a body may wait for timers of its own; what never comes has last words', async () => {
  /** Resolves once these last words have been said. */
  const said = (start: string) =>
    new Promise<string>((resolve) => {
      const look = () => (host.guess.startsWith(start) ? resolve(start) : void setTimeout(look, 0));
      look();
    });
  const host: MemoryHost = hostOf(async ({ step }) => {
    await said('the function awaits something that never comes');
    return step.run('a', () => said('step "a" awaits something that never comes'));
  });
  assert.match(String(valueOf(await host.run())), /^step "a"/);
  assert.equal(host.guess, '', 'they are taken back');
});

test('logs have texts, and fields of objects', async () => {
  const host = hostOf(({ logger }) => logger.warn('slow', 12, { shop: 'a' }));
  valueOf(await host.run());
  assert.deepEqual(host.logged, ['warn slow 12 {"shop":"a"}']);
});

test('a result that the code does not ask for is kept until it does', async () => {
  let isNew = true;
  const host = hostOf(async ({ step }) => {
    const [a] = await Promise.all([step.run('a', () => 1), isNew ? step.run('gone', () => 2) : undefined]);
    isNew = false;
    await step.sleep('s', 1);
    return a;
  });
  assert.equal(valueOf(await host.run()), 1);
});

test('errors of steps are StepErrors in every pass', async () => {
  const host = hostOf(async ({ step }) => {
    const error = await step.run('a', fail('x')).catch((error: unknown) => error);
    await step.sleep('s', 1);
    return error instanceof StepError;
  });
  assert.equal(valueOf(await host.run()), true);
});

test('options without a JSON form reject the operation, and what a closure yields later is awaited', async () => {
  const host = hostOf(async ({ step }) => {
    const sent = step.sendEvent('send', { name: 'x', data: { n: 1n } });
    const later = await step.run('later', () => ({ then: (yielded: (value: number) => void) => yielded(5) }) as never);
    return [await sent.catch(String), later];
  });
  assert.deepEqual(valueOf(await host.run()), ['TypeError: Do not know how to serialize a BigInt', 5]);
});
