// Functions that are written for Inngest, in the form of its third and fourth version.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cron,
  EventSchemas,
  eventType,
  group,
  Inngest,
  invoke,
  NonRetriableError,
  referenceFunction,
  staticSchema,
  step as currentStep,
  type GetEvents,
  type GetFunctionInput,
  type GetFunctionOutput,
  type InngestFunction,
  type StandardSchemaV1,
} from '../inngest/index.js';
import { pluginOf } from '../plugin.js';
import { failureOf, MemoryHost, valueOf } from './host.js';

type Events = {
  'shop/order.placed': { data: { order: number; email: string } };
  'shop/order.paid': { data: { order: number; amount: number } };
};

const inngest = new Inngest({ id: 'shop', isDev: true, schemas: new EventSchemas().fromRecord<Events>() });

const optionsOf = (fn: InngestFunction.Any) => JSON.parse(fn.definition.options);

/** Compiles only if they are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_ extends true>() => {};

test('v3: options, a trigger, a handler; data is typed by the name of its event', async () => {
  const fn = inngest.createFunction(
    { id: 'pay', name: 'Pay', retries: 0, cancelOn: [{ event: 'shop/order.paid', match: 'data.order' }] },
    { event: 'shop/order.placed', if: 'event.data.order > 1' },
    async ({ event, events, step, runId, requestId, jobId }) => {
      same<Same<typeof event.data, Events['shop/order.placed']['data']>>();
      same<Same<typeof event.name, 'shop/order.placed'>>();
      const paid = await step.waitForEvent('paid', { event: 'shop/order.paid', timeout: '1h', match: 'data.order' });
      await step.sendEvent('again', { name: 'shop/order.paid', data: { order: 1, amount: 2 } });
      // @ts-expect-error an event that the client does not know
      const wrong = () => step.sendEvent('wrong', { name: 'shop/none', data: {} });
      return [typeof wrong, events.length, paid?.data.amount, requestId === `${runId}-0`, jobId === requestId];
    },
  );
  assert.deepEqual(optionsOf(fn), {
    triggers: [{ event: 'shop/order.placed', if: 'event.data.order > 1' }],
    retries: 0,
    cancel_on: [{ event: 'shop/order.paid', match: 'data.order' }],
  });
  const host = new MemoryHost(fn, { paid: { amount: 5 } });
  assert.deepEqual(valueOf(await host.run({ order: 7 })), ['function', 1, 5, true, true]);
  assert.deepEqual(host.kinds, ['wait-for-event paid', 'send-events again']);
  assert.deepEqual(host.optionsOf('paid'), { event: 'shop/order.paid', match: 'data.order', timeout_ms: 3_600_000 });
});

test('v3: several triggers make a union, a schedule has its own event', () => {
  const fn = inngest.createFunction(
    { id: 'both' },
    [{ event: 'shop/order.placed' }, { event: 'shop/order.paid' }, { cron: '0 9 * * *' }],
    ({ event }) => (event.name === 'shop/order.paid' ? event.data.amount : event.name),
  );
  assert.equal(optionsOf(fn).triggers.length, 3);
  inngest.createFunction({ id: 'digest' }, { cron: '0 9 * * *' }, ({ event }) => event.data.cron satisfies string);
});

test('v4: triggers among the options, described by event types, schedules and invocations', async () => {
  const client = new Inngest({ id: 'v4' });
  const placed = eventType('shop/order.placed', { schema: staticSchema<{ order: number }>(), version: '2' });
  const fn = client.createFunction(
    {
      id: 'f',
      triggers: [placed, cron('0 9 * * *'), { event: placed, if: 'true' }, invoke(staticSchema<{ by: string }>())],
      cancelOn: [{ event: placed, match: 'data.order' }],
    },
    async ({ event, step }) => {
      if (event.name === 'shop/order.placed') same<Same<typeof event.data, { order: number }>>();
      const next = await step.waitForEvent('next', { event: placed, timeout: new Date(Date.now() - 1) });
      await step.sendEvent('send', [placed.create({ order: 2 }, { id: 'once' })]);
      return next?.data.order ?? 'none';
    },
  );
  assert.deepEqual(optionsOf(fn).triggers, [
    { event: 'shop/order.placed' },
    { cron: '0 9 * * *' },
    { event: 'shop/order.placed', if: 'true' },
  ]);
  assert.deepEqual(optionsOf(fn).cancel_on, [{ event: 'shop/order.placed', match: 'data.order' }]);
  const host = new MemoryHost(fn);
  assert.equal(valueOf(await host.run({ order: 1 })), 'none');
  assert.deepEqual(host.optionsOf('next'), { event: 'shop/order.placed', timeout_ms: 0 });
  const sent = { name: 'shop/order.placed', data: { order: 2 }, v: '2', id: 'once' };
  assert.deepEqual(host.optionsOf('send'), { events: [sent] });
});

/** A schema that lets through what has that field. */
const having = (field: string): StandardSchemaV1<{ order: number }> => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      Object(value)[field] === undefined
        ? { issues: [{ message: 'is missing', path: [field] }] }
        : { value: value as { order: number } },
  },
});

test('v4: data that is not of the schema is refused, once; when it is sent too', async () => {
  const client = new Inngest({ id: 'v4' });
  const test = eventType('test', { schema: having('order') });
  let runs = 0;
  const fn = client.createFunction({ id: 'f', triggers: test }, () => ++runs);
  const refused = failureOf(await new MemoryHost(fn).run({ other: 1 }));
  assert.deepEqual([refused.name, refused.message], ['EventValidationError', 'event "test": order: is missing']);
  assert.equal(runs, 0);
  assert.equal(valueOf(await new MemoryHost(fn).run({ order: 1 })), 1);
  const sends = client.createFunction({ id: 'g', retries: 0 }, ({ step }) =>
    step.sendEvent('send', test.create({} as { order: number })),
  );
  assert.equal(failureOf(await new MemoryHost(sends).run()).message, 'event "test": order: is missing');
});

test('other schemas are types: unions, records of schemas, what Zod has', () => {
  type Created = { name: 'app/created'; data: { id: string } };
  const schemas = new EventSchemas()
    .fromUnion<Created | { name: 'app/deleted'; data: { at: number } }>()
    .fromSchema({ 'app/standard': staticSchema<{ s: boolean }>() })
    .fromZod({ 'app/zod': { data: {} as { _output: { z: number } } } });
  const client = new Inngest({ id: 'types', schemas });
  type Told = GetEvents<typeof client>;
  same<Same<Told['app/created']['data'], { id: string }>>();
  same<Same<Told['app/standard']['data'], { s: boolean }>>();
  same<Same<Told['app/zod']['data'], { z: number }>>();
  type Input = GetFunctionInput<typeof client, 'app/deleted'>;
  same<Same<Input['event']['data'], { at: number }>>();
  const fn = client.createFunction({ id: 'f' }, { event: 'app/created' }, async () => ({ at: new Date(0) }));
  same<Same<GetFunctionOutput<typeof fn>, { at: string }>>();
});

test("a failure handler gets the failed event and the function's own", async () => {
  const fn = inngest.createFunction(
    {
      id: 'f',
      onFailure: async ({ error, event, runId, step, logger }) => {
        same<Same<typeof event.data.event.data, Events['shop/order.placed']['data']>>();
        logger.info('told');
        return step.run('tell', () => `${event.data.run_id} ${runId} ${event.data.event.data.order} ${error}`);
      },
    },
    { event: 'shop/order.placed' },
    () => {},
  );
  assert.equal(fn.definition.hasFailureHandler, true);
  const failure = { kind: 'application', name: 'RangeError', message: 'm', causes: [], attempt: 0 } as const;
  const host = new MemoryHost(fn);
  const told = await host.handle({ ...failure, causes: [], advice: { tag: 'never' } });
  assert.equal(valueOf(told), 'run-1 run-2 undefined RangeError: m');
  assert.deepEqual(host.logged, ['info told {}']);
});

test('what a function is invoked with and answers is typed by the function', async () => {
  const callee = inngest.createFunction(
    { id: 'callee' },
    { event: 'shop/order.paid' },
    ({ event }) => event.data.amount,
  );
  const other = referenceFunction<typeof callee>({ functionId: 'callee', appId: 'shop' });
  const fn = inngest.createFunction({ id: 'f' }, [], async ({ step }) => {
    const own: number = await step.invoke('own', { function: callee, data: { order: 1, amount: 2 } });
    const others: number = await step.invoke('other', {
      function: other,
      data: { order: 1, amount: 2 },
      timeout: '1m',
    });
    // @ts-expect-error data of another event
    const wrong = () => step.invoke('wrong', { function: callee, data: { order: 1 } });
    return [own, others, typeof wrong];
  });
  const host = new MemoryHost(fn, { own: 3, other: 4 });
  assert.deepEqual(valueOf(await host.run()), [3, 4, 'function']);
  assert.equal(host.optionsOf('own')?.['function'], 'callee');
  assert.deepEqual(host.optionsOf('other'), {
    function: 'shop-callee',
    data: { order: 1, amount: 2 },
    timeout_ms: 60_000,
  });
});

test('tools without a handler: the exported step, groups, step.ai.wrap with an input that can be replaced', async () => {
  const fn = inngest.createFunction({ id: 'f' }, [], async ({ step: { run, ai } }) => {
    const [a, b] = await group.parallel(() => Promise.all([run('a', () => 1), currentStep.run('b', () => 2)]));
    return [a, b, await ai.wrap('c', (text: string) => text.length, 'four')];
  });
  const host = new MemoryHost(fn);
  host.inputs = { c: '"replaced"' };
  assert.deepEqual(valueOf(await host.run()), [1, 2, 8]);
  assert.throws(() => currentStep.run('a', () => 1), /none is being run/);
});

test('inngest.send is an operation in the body', async () => {
  const fn = inngest.createFunction({ id: 'f' }, [], async () => {
    const event = { name: 'shop/order.paid', data: { order: 1, amount: 2 } } as const;
    return [await inngest.send(event), await inngest.send([event, event])];
  });
  const host = new MemoryHost(fn);
  const [one, two] = valueOf(await host.run()) as { ids: string[] }[];
  assert.deepEqual([one?.ids.length, two?.ids.length], [1, 2]);
  assert.deepEqual(host.kinds, ['send-events inngest.send', 'send-events inngest.send:1']);
  await assert.rejects(inngest.send([]), /none is being run/);
});

test('inngest.send inside of a step goes to the event API, under a seed that is the same at each attempt', async (t) => {
  const requests: { url: string; seed: string | null; body: unknown }[] = [];
  t.mock.method(
    globalThis,
    'fetch',
    async (url: string, { headers, body }: { headers: Record<string, string>; body: string }) => {
      requests.push({ url, seed: new Headers(headers).get('x-inngest-event-id-seed'), body: JSON.parse(body) });
      return requests.length === 1
        ? Response.json({ error: 'busy' }, { status: 503 })
        : Response.json({ ids: ['id'], status: 200 });
    },
  );
  const client = new Inngest({ id: 'shop', baseUrl: 'http://host.example/', eventKey: 'a key' });
  const fn = client.createFunction({ id: 'f' }, [], ({ step }) =>
    step.run('send', async () => {
      const one = await client.send({ name: 'one', data: {} });
      return [one, await client.send({ name: 'two' })];
    }),
  );
  assert.deepEqual(valueOf(await new MemoryHost(fn).run()), [{ ids: ['id'] }, { ids: ['id'] }]);
  const [failed, again, other] = requests;
  assert.equal(failed?.url, 'http://host.example/e/a%20key');
  assert.deepEqual(again, failed);
  assert.match(failed?.seed ?? '', /^[1-9][0-9]*,[A-Za-z0-9+/]{14}==$/);
  assert.notEqual(other?.seed, failed?.seed);
  assert.deepEqual(other?.body, [{ name: 'two' }]);
});

test('inngest.send inside of a step needs to be told where to', async () => {
  const fn = inngest.createFunction({ id: 'f' }, [], ({ step }) => step.run('send', () => inngest.send([])));
  const host = new MemoryHost(fn);
  const failure = failureOf(await host.run());
  assert.match(
    failure.message,
    /send with `step.sendEvent` after the step, or grant the plugin the variables INNGEST_/,
  );
  assert.equal(host.attempts.length, 1);
});

test('what has no counterpart is an error that names it and a way out', async () => {
  const refusalOf = async (use: (context: Record<string, Record<string, () => unknown>>) => unknown) => {
    const fn = inngest.createFunction({ id: 'f' }, [], (context) => use(context as never));
    const { name, message } = failureOf(await new MemoryHost(fn).run());
    assert.equal(name, 'NonRetriableError');
    return message;
  };
  assert.match(
    await refusalOf(({ step }) => Reflect.get(step!['ai']!, 'infer')()),
    /^step.ai.infer is Inngest's.*step.ai.wrap/,
  );
  assert.match(
    await refusalOf(({ step }) => Reflect.get(step!['realtime']!, 'publish')()),
    /^step.realtime is Inngest's/,
  );
  assert.match(await refusalOf(({ group }) => group!['experiment']!()), /^group.experiment is Inngest's/);
  assert.match(await refusalOf(({ defer }) => (defer as unknown as () => void)()), /^defer is Inngest's/);
  const middleware = [{}] as unknown as never[];
  assert.throws(() => new Inngest({ id: 'x', middleware }), NonRetriableError);
  assert.throws(
    () => inngest.createFunction({ id: 'f', middleware }, [], () => {}),
    /^NonRetriableError: middleware is/,
  );
  assert.throws(() => inngest.createFunction({ id: 'f' }, undefined as never), /function "f" needs a handler/);
});

test('functions are collected from lists, each once, and from what else a module exports', () => {
  const [a, b] = ['a', 'b'].map((id) => inngest.createFunction({ id }, [], () => {}));
  const ids = (module: Record<string, unknown>) => pluginOf(module).functions.map(({ id }) => id);
  assert.deepEqual(ids({ functions: [a, b], a, inngest }), ['a', 'b']);
  assert.deepEqual(ids({ default: [a, [b]] }), ['a', 'b']);
  assert.deepEqual(ids({ default: inngest, b }), ['b']);
});
