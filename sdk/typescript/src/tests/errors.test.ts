// Errors that bodies and steps throw, as they are told, and as they become errors again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../contract.js';
import { bodyFailure, stepFailure } from '../failure.js';
import { createFunction, NonRetriableError, RetryAfterError, StepError, type RunError, type Step } from '../index.js';
import { failureOf, MemoryHost, valueOf } from './host.js';

const BODY = { id: 'f', retries: 1 };

/** What a run fails with whose body throws this, and how often it was tried. */
async function thrown(error: () => unknown) {
  let attempts = 0;
  const fn = createFunction(BODY, [], () => {
    attempts += 1;
    throw error();
  });
  return { failure: failureOf(await new MemoryHost(fn).run()), attempts };
}

/** The error of a step that always throws this, as the body catches it. */
async function caught(error: () => unknown) {
  let seen: StepError | undefined;
  const host = new MemoryHost(
    createFunction(BODY, [], async ({ step }) => {
      try {
        await step.run('a', () => {
          throw error();
        });
      } catch (error) {
        assert(error instanceof StepError);
        seen = error;
      }
    }),
  );
  assert.equal(valueOf(await host.run()), null);
  return { error: seen!, attempts: host.attempts };
}

test('A8, A9: a NonRetriableError by class or by name is not retried', async () => {
  class MyNR extends NonRetriableError {
    override name = 'MyNR';
  }
  const sub = await thrown(() => new MyNR('no'));
  assert.deepEqual([sub.failure.name, sub.attempts], ['MyNR', 1]);
  const named = await thrown(() => Object.assign(new Error('no'), { name: 'NonRetriableError' }));
  assert.deepEqual([named.failure.name, named.attempts], ['NonRetriableError', 1]);
});

test('A10, A16: advice counts at the top only', async () => {
  assert.equal((await thrown(() => new Error('x', { cause: new NonRetriableError('no') }))).attempts, 2);
  assert.deepEqual(bodyFailure(new Error('x', { cause: new RetryAfterError('y', '1h') })).advice, { tag: 'by-policy' });
});

test('A11, A12, A14: when to retry', () => {
  const after = (time: number | string | Date) => bodyFailure(new RetryAfterError('x', time)).advice;
  assert.deepEqual(after(1500), { tag: 'after', val: 1500 });
  assert.deepEqual(after('1h'), { tag: 'after', val: 3_600_000 });
  assert.deepEqual(after('1h30m'), { tag: 'after', val: 5_400_000 });
  for (const now of [0, '0s', -5, new Date(0)]) assert.deepEqual(after(now), { tag: 'after', val: 0 });
  for (const junk of ['junk', NaN, Infinity]) assert.throws(() => after(junk), /is no duration/);
});

test('A18, A19, A20: whatever a body throws has a message', async () => {
  const cases: [unknown, string][] = [
    ['str', 'str'],
    [5, '5'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{ a: 1 }, '{"a":1}'],
    [{ name: 'N', message: 'M' }, '{"name":"N","message":"M"}'],
  ];
  for (const [value, message] of cases) {
    const { failure, attempts } = await thrown(() => value);
    assert.deepEqual([failure.name, failure.message, attempts], ['Error', message, 2]);
  }
});

test('A21, A23: no message is an empty one, no name is Error', async () => {
  class NoName extends Error {}
  assert.equal((await thrown(() => new Error())).failure.message, '');
  assert.equal((await thrown(() => new NoName('x'))).failure.name, 'Error');
});

test('A22: code and custom fields are kept', () => {
  class Custom extends Error {
    override name = 'Custom';
    code = 'E1';
    extra = { sku: 'A1', seen: new Date(0), size: 1n };
  }
  const failure = bodyFailure(new Custom('x'));
  assert.deepEqual([failure.name, failure.code], ['Custom', 'E1']);
  assert.deepEqual(JSON.parse(failure.details!), { extra: { sku: 'A1', seen: '1970-01-01T00:00:00.000Z' } });
});

test('A25: causes that are no errors stay as they are', () => {
  const causes = (cause: unknown) => bodyFailure(new Error('x', { cause })).causes;
  assert.deepEqual(causes('str'), [{ name: '', message: 'str', details: '"str"' }]);
  const [plain] = causes({ a: 1, b: { c: new Date(0) } });
  assert.deepEqual(JSON.parse(plain!.details!), { a: 1, b: { c: '1970-01-01T00:00:00.000Z' } });
  const nested = causes(new TypeError('a', { cause: new RangeError('b') }));
  assert.deepEqual(
    nested.map(({ name, message }) => [name, message]),
    [
      ['TypeError', 'a'],
      ['RangeError', 'b'],
    ],
  );
});

test('A26: a circular cause is cut with a marker', () => {
  const error = new Error('x');
  error.cause = new Error('y', { cause: error });
  const { causes } = bodyFailure(error);
  assert.deepEqual(
    causes.map(({ message }) => message),
    ['y', '[circular cause left out]'],
  );
});

test('what cannot be read of an error does not matter', () => {
  const hostile = Object.defineProperty(new Error('x'), 'code', { get: () => assert.fail('no') });
  assert.equal(bodyFailure(hostile).message, 'x');
  assert.equal(bodyFailure(Object.create(null)).message, '{}');
  assert.equal(bodyFailure(Symbol('s')).message, 'Symbol(s)');
});

test('C5, C12, C13, C14: the error of a step', async () => {
  const { error, attempts } = await caught(() => new TypeError('se', { cause: new RangeError('deep') }));
  assert.deepEqual([error.name, error.message, error.stepId, attempts], ['TypeError', 'se', 'a', ['a:0', 'a:1']]);
  assert(error.cause instanceof RangeError);
  const text = (await caught(() => 's')).error;
  assert.deepEqual([text.name, text.message, text.stack], ['Error', 's', '']);
  const cases: [unknown, string][] = [
    [null, 'null'],
    [0, '0'],
    ['', ''],
    [{ foo: 'bar' }, '{"foo":"bar"}'],
    [undefined, 'undefined'],
  ];
  for (const [value, message] of cases) {
    const { error, attempts } = await caught(() => value);
    assert.deepEqual([error.message, attempts.length], [message, 2]);
  }
  assert.equal((await caught(() => ({ name: 'N', message: 'M' }))).error.name, 'N');
});

test('C4, C6: a step that fails ends the run, unless it is wrapped', async () => {
  const failing = (step: Step) => step.run('a', () => Promise.reject(new Error('se')));
  const bare = new MemoryHost(createFunction(BODY, [], ({ step }) => failing(step)));
  const failure = failureOf(await bare.run());
  assert.deepEqual([failure.message, failure.step?.id, bare.attempts], ['se', 'a', ['a:0', 'a:1']]);
  let bodies = 0;
  const wrapping = new MemoryHost(
    createFunction(BODY, [], async ({ step }) => {
      await failing(step).catch((cause: unknown) => {
        bodies += 1;
        throw new Error('wrapped', { cause });
      });
    }),
  );
  const wrapped = failureOf(await wrapping.run());
  assert.deepEqual([wrapped.message, wrapped.causes[0]?.message, wrapped.step], ['wrapped', 'se', undefined]);
  assert.deepEqual([bodies, wrapping.attempts], [2, ['a:0', 'a:1']]);
});

test('C8, C9: an older error rethrown, and one not to be retried', async () => {
  const host = new MemoryHost(
    createFunction(BODY, [], async ({ step }) => {
      const error = (id: string) =>
        step
          .run(id, () => {
            throw new NonRetriableError(id);
          })
          .catch((error: unknown) => error);
      const first = await error('a');
      await error('b');
      throw first;
    }),
  );
  assert.equal(failureOf(await host.run()).step?.id, 'a');
  assert.deepEqual(host.attempts, ['a:0', 'b:0']);
});

test('a StepError thrown in another step is final there too', () => {
  const failure = stepFailure(new StepError('a', { ...bodyFailure(new TypeError('x')), step: { id: 'a', n: 0 } }));
  assert.deepEqual([failure.name, failure.advice, failure.step], ['TypeError', { tag: 'never' }, undefined]);
});

test('D6: what an AggregateError gathers is in its details', () => {
  const failure = bodyFailure(new AggregateError([new TypeError('a'), 'b'], 'all failed'));
  assert.equal(failure.name, 'AggregateError');
  assert.deepEqual(
    JSON.parse(failure.details!).errors.map(({ message }: Error) => message),
    ['a', 'b'],
  );
});

test('A30, F14: a handler gets errors of their classes, with cause, code and fields', async () => {
  let seen: RunError | undefined;
  const fn = createFunction({ ...BODY, onFailure: ({ error }) => void (seen = error) }, [], () => {});
  class Custom extends Error {
    override name = 'Custom';
    extra = [1];
  }
  const handle = async (error: Error): Promise<RunError> => {
    await new MemoryHost(fn).handle(bodyFailure(error));
    return seen!;
  };
  const range = await handle(Object.assign(new RangeError('r', { cause: new TypeError('t') }), { code: 'E1' }));
  assert(range instanceof RangeError && range.cause instanceof TypeError);
  assert.deepEqual([range.message, range.code, range.kind, `${range}`], ['r', 'E1', 'application', 'RangeError: r']);
  for (const known of [TypeError, SyntaxError, EvalError, ReferenceError, URIError, NonRetriableError]) {
    assert((await handle(new known('x'))) instanceof known);
  }
  const custom = await handle(new Custom('c'));
  assert.deepEqual([custom.name, custom['extra'], Object.keys(custom)], ['Custom', [1], ['extra']]);
  assert.equal(custom.constructor, Error);
});

test('a handler reads what the steps of the failed run had come to', async () => {
  const fn = createFunction(
    { ...BODY, onFailure: ({ failed }) => [failed.runId, failed.step('kept'), failed.step('none')] },
    [],
    () => {},
  );
  const host = new MemoryHost(fn);
  host.failedSteps['kept'] = { tag: 'ok', val: '{"reservation":7}' };
  assert.deepEqual(valueOf(await host.handle(bodyFailure('x'))), ['run-1', { reservation: 7 }, null]);
  const broken: Failure = bodyFailure(new TypeError('x'));
  host.failedSteps['kept'] = { tag: 'err', val: broken };
  assert.equal(failureOf(await new MemoryHost(fn).handle(broken).then(() => host.handle(broken))).name, 'TypeError');
});

test('what throws when it is read still has a failure', async () => {
  const hostile = () => {
    const error = Object.assign(new TypeError('the reason'), { order: 7 });
    Object.defineProperty(error, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('not for you');
      },
    });
    return Object.assign(error, { deep: { toJSON: () => assert.fail('not for you') } });
  };
  const { failure } = await thrown(hostile);
  assert.deepEqual([failure.name, failure.message, failure.details], ['TypeError', 'the reason', '{"order":7}']);
  assert.equal((await caught(hostile)).error.message, 'the reason');

  const traps = { get: () => assert.fail('no'), getPrototypeOf: () => assert.fail('no'), ownKeys: () => assert.fail('no') };
  for (const odd of [new Proxy({}, traps), new Proxy(new Error('x'), traps)]) {
    const { failure } = await thrown(() => odd);
    assert.equal(failure.kind, 'application');
    assert.notEqual(failure.message, '');
  }
  const nameless = Object.defineProperty(new Error('kept'), 'name', { get: () => assert.fail('no') });
  assert.deepEqual([bodyFailure(nameless).name, bodyFailure(nameless).message], ['Error', 'kept']);
});

test('halves of surrogate pairs are U+FFFD, wherever they leave', async () => {
  const half = 'nice 😀'.slice(0, 6);
  const logged = createFunction(BODY, [], async ({ step, logger }) => {
    logger.info(half, { half });
    const kept = await step.run(half, () => ({ [half]: [half, '\\ud83d', '😀'] }));
    return [kept, half];
  });
  const host = new MemoryHost(logged);
  const told = 'nice \ufffd';
  assert.deepEqual(valueOf(await host.run()), [{ [told]: [told, '\\ud83d', '😀'] }, told]);
  assert.deepEqual(host.attempts, [`${told}:0`]);
  assert.deepEqual(host.logged, [`info ${told} ${JSON.stringify({ half: told })}`]);

  const { failure } = await thrown(() => Object.assign(new Error(half, { cause: half }), { code: half, half, order: 7 }));
  assert.deepEqual([failure.message, failure.code], [told, told]);
  assert.deepEqual(JSON.parse(failure.details!), { half: told, order: 7 });
  assert.deepEqual([failure.causes[0]?.message, failure.causes[0]?.details], [told, JSON.stringify(told)]);
});
