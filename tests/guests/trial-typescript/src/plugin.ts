// Steps in sequence and side by side, and a failure that its handler reports: what the contract is tried with.
import type { Definition } from 'stepwell:plugin/functions@0.1.0';
import { failedStep } from 'stepwell:plugin/steps@0.1.0';
import type { Failure, Outcome, RunContext } from 'stepwell:plugin/types@0.1.0';
import { drive, type Step } from './driver';

async function trial(step: Step) {
  const one = await step.run('one', () => 1);
  const two = await step.run('two', async () => one + 1);
  const [left, right] = await Promise.all([step.run('left', () => two + 1), step.run('right', () => two + 2)]);
  return { one, two, left, right };
}

async function trialFails(step: Step) {
  await step.run('kept', () => ({ reservation: 7 }));
  await step.run('breaks', () => {
    throw new Error('the card was declined', { cause: new TypeError('no funds') });
  });
}

async function report(step: Step, error: Failure) {
  const kept = failedStep({ id: 'kept', n: 0 });
  return step.run('report', () => ({
    message: error.message,
    cause: error.causes[0]?.message,
    step: error.step?.id,
    kept: kept?.tag === 'ok' ? JSON.parse(kept.val) : null,
  }));
}

const bodies: Record<string, (step: Step) => Promise<unknown>> = { trial, 'trial-fails': trialFails };

export const functions = {
  describe(): Definition[] {
    return [
      define('trial', false, 'trial/go', 1),
      define('trial-fails', true, 'trial/fail', 0),
    ];
  },
  run: (context: RunContext): Promise<Outcome> => drive(bodies[context.functionId]!),
};

export const failureHandler = {
  onFailure: (_: RunContext, error: Failure): Promise<Outcome> => drive((step) => report(step, error)),
};

function define(id: string, hasFailureHandler: boolean, event: string, retries: number): Definition {
  return { id, name: '', hasFailureHandler, options: JSON.stringify({ triggers: [{ event }], retries }) };
}
