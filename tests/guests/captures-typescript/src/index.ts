// Functions that fail as those did whose events are in tests/captures, written as they were for Inngest.
import { Inngest, StepError, type FailureContext } from 'inngest';

const inngest = new Inngest({ id: 'cap' });

class PaymentError extends Error {
  override name = 'PaymentError';
  code = 'card_declined';
  retryable = false;
}

/** What the handler was called with, beside its event. */
const tell = async ({ error, attempt, maxAttempts }: FailureContext) => ({
  attempt,
  maxAttempts,
  error: { name: error.name, message: error.message },
});

const fail = (error: unknown) => (): never => {
  throw error;
};

const on = (id: string) => ({ event: `cap/${id}` });

const c01 = inngest.createFunction(
  { id: 'c01-throw-error', retries: 1, onFailure: tell },
  on('c01-throw-error'),
  () => {
    throw new Error('boom');
  },
);

const c03 = inngest.createFunction(
  { id: 'c03-step-throws', retries: 1, onFailure: tell },
  on('c03-step-throws'),
  ({ step }) =>
    step.run('bad', () => {
      throw new TypeError('step went wrong');
    }),
);

const c04 = inngest.createFunction(
  { id: 'c04-cause-chain', retries: 1, onFailure: tell },
  on('c04-cause-chain'),
  () => {
    const middle = new Error('middle', { cause: new RangeError('inner') });
    throw new Error('outer', { cause: middle });
  },
);

const c05 = inngest.createFunction(
  { id: 'c05-throw-string', retries: 1, onFailure: tell },
  on('c05-throw-string'),
  fail('just a string'),
);

const c06 = inngest.createFunction(
  { id: 'c06-custom-class', retries: 1, onFailure: tell },
  on('c06-custom-class'),
  () => {
    throw new PaymentError('card declined');
  },
);

const c07 = inngest.createFunction(
  { id: 'c07-step-error-caught', retries: 1 },
  on('c07-step-error-caught'),
  async ({ step }) => {
    try {
      await step.run('bad', () => {
        throw new PaymentError('caught me');
      });
      return null;
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      return { name: error.name, message: error.message, stepId: error.stepId };
    }
  },
);

const c08 = inngest.createFunction(
  {
    id: 'c08-onfailure-throws',
    retries: 1,
    onFailure: () => {
      throw new Error('the handler fails too');
    },
  },
  on('c08-onfailure-throws'),
  () => {
    throw new Error('first failure');
  },
);

/** Its capture is of the run that c23 invokes. */
const c09 = inngest.createFunction({ id: 'c09-retries-0', retries: 0, onFailure: tell }, on('c09-retries-0'), () => {
  throw new Error('no retries');
});

const c17 = inngest.createFunction(
  {
    id: 'c17-onfailure-steps',
    retries: 0,
    onFailure: async (context) => {
      await context.step.run('clean-up', () => {});
      return tell(context);
    },
  },
  on('c17-onfailure-steps'),
  () => {
    throw new Error('needs cleanup');
  },
);

const c18 = inngest.createFunction({ id: 'c18-no-onfailure', retries: 0 }, on('c18-no-onfailure'), () => {
  throw new Error('nobody listens');
});

const c20 = inngest.createFunction(
  { id: 'c20-parallel-steps-one-fails', retries: 1, onFailure: tell },
  on('c20-parallel-steps-one-fails'),
  async ({ step }) => {
    const [good] = await Promise.all([
      step.run('good', () => 1),
      step.run('bad', () => {
        throw new Error('p failed');
      }),
    ]);
    return good;
  },
);

const c23 = inngest.createFunction(
  { id: 'c23-invoke-child-fails', retries: 1, onFailure: tell },
  on('c23-invoke-child-fails'),
  ({ step }) => step.invoke('call', { function: c09, data: { via: 'invoke' } }),
);

export default [c01, c03, c04, c05, c06, c07, c08, c09, c17, c18, c20, c23];
