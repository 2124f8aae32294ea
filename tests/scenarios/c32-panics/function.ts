// Traps: in a step whose error the body would catch, and in a body. Both await what never comes.
import { createFunction, type FailureContext } from '@stepwell/sdk';

const report = ({ error }: FailureContext) => `${error.kind} ${error}`;

export const inStep = createFunction(
  { id: 'c32-step', retries: 1, onFailure: report },
  { event: 'c32-step/go' },
  async ({ step }) => {
    try {
      await step.run('a', () => new Promise(() => {}));
      return 'never';
    } catch {
      return 'caught';
    }
  },
);

export const inBody = createFunction(
  { id: 'c32-body', retries: 1, onFailure: report },
  { event: 'c32-body/go' },
  () => new Promise(() => {}),
);
