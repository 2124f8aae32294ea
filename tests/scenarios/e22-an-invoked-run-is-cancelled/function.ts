// A function that invokes one that sleeps.
import { createFunction, type RunError } from '@stepwell/sdk';

export const callee = createFunction({ id: 'e22-callee' }, [], ({ step }) => step.sleep('nap', '1m'));

export const e22 = createFunction({ id: 'e22' }, { event: 'e22/go' }, ({ step }) =>
  step
    .invoke('call', { function: callee })
    .catch((error: RunError & { reason: string }) => [error.name, error.message, error.code, { reason: error.reason }]),
);
