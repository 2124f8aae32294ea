// Functions for tests/it/typescript.rs: the SDK's operations, errors and values on a real host.
import { createFunction, NonRetriableError, RetryAfterError, StepError, type Context } from '@stepwell/sdk';

declare const process: { env: Record<string, string | undefined> };

class DeclinedError extends RangeError {
  override name = 'RangeError';
  code = 'E_DECLINED';
  order = { id: 7 };
}

/** Sequence, side by side, a race, a sleep, a variable, randomness that replays. */
export const works = createFunction({ id: 'works' }, { event: 'ts/works' }, async ({ step, logger }) => {
  const before = Math.random();
  const one = await step.run('one', () => ({ at: new Date(0), random: Math.random() }));
  const [left, right] = await Promise.all([step.run('left', () => 1), step.run('right', async () => 2)]);
  const first = await Promise.race([step.run('fast', () => 'fast'), step.sleep('slow', '1h').then(() => 'slow')]);
  const kept = await step.run('kept', () => before);
  await step.sleep('a moment', '10ms');
  logger.info('done', { first });
  return {
    at: one.at,
    left,
    right,
    first,
    isSame: kept === before,
    variable: process.env['GREETING'],
    other: process.env['OTHER'],
  };
});

/** Fails at its first attempts: the step once, the body once. */
export const retries = createFunction(
  { id: 'retries', retries: 1 },
  { event: 'ts/retries' },
  async ({ step, attempt }) => {
    const steps = await step.run('unsteady', () => {
      const { attempt } = step.current();
      if (attempt === 0) throw new RetryAfterError('not yet', 0);
      return attempt;
    });
    if (attempt === 0) throw new Error('the body fails once');
    return { steps, attempt };
  },
);

/** Fails for good; its handler tells the error that it gets. */
export const fails = createFunction(
  {
    id: 'fails',
    retries: 0,
    onFailure: async ({ error, event, failed, step, runId }) =>
      step.run('report', () => ({
        isRangeError: error instanceof RangeError,
        message: error.message,
        code: error.code,
        order: error['order'],
        step: error.stepId,
        cause: error.cause instanceof TypeError && error.cause.message,
        kept: failed.step('kept'),
        isOwnRun: runId !== event.data.run_id && failed.runId === event.data.run_id,
      })),
  },
  { event: 'ts/fails' },
  async ({ step }) => {
    await step.run('kept', () => ({ reservation: 7 }));
    await step.run('breaks', async () => charge());
  },
);

async function charge() {
  throw new DeclinedError('the card was declined', { cause: new TypeError('no funds') });
}

/** Waits for an event that matches. */
export const waits = createFunction({ id: 'waits' }, { event: 'ts/waits' }, async ({ step }) => {
  const paid = await step.waitForEvent<{ amount: number }>('paid', {
    event: 'ts/paid',
    match: 'data.order',
    timeout: '1d',
  });
  return paid?.data.amount ?? 'too late';
});

/** Throws, nests, stalls, returns: what the event's `what` names. */
export const odd = createFunction<{ what: string }>({ id: 'odd', retries: 0 }, { event: 'ts/odd' }, async (context) => {
  const act = ODD[context.event.data.what];
  if (!act) throw new NonRetriableError(`${context.event.data.what}?`);
  return act(context);
});

const ODD: Record<string, (context: Context<{ what: string }>) => unknown> = {
  text: () => {
    throw 'str';
  },
  nothing: () => {
    throw undefined;
  },
  bigint: () => ({ a: 1n }),
  circle: ({ step }) => step.run('a', circle),
  caught: async ({ step }) => {
    const error = await step.run('a', () => Promise.reject({ foo: 'bar' })).catch((error: unknown) => error);
    return error instanceof StepError && error.message;
  },
  any: ({ step }) => Promise.any([step.run('a', () => Promise.reject(new Error('a'))), step.run('b', () => 'b')]),
  banana: ({ step }) => step.sleep('s', 'banana'),
  forgotten: ({ step }) => {
    void step.run('forgotten', () => 1);
    return 'done';
  },
  nested: ({ step }) => step.run('outer', async () => step.run('inner', () => 1)),
  'nested later': ({ step }) =>
    step.run('outer', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return step.run('inner', () => 1);
    }),
  stalls: () => new Promise(() => {}),
  'step stalls': ({ step }) => step.run('a', () => new Promise(() => {})),
};

function circle(): object {
  const circle: Record<string, unknown> = { a: 1 };
  circle['self'] = circle;
  return circle;
}

export { requests } from './requests.js';
