// Functions that invoke others: one that returns, one that fails, one that takes too long, one that is not there.
import { createFunction, referenceFunction } from '@stepwell/sdk';

class BadError extends Error {
  override name = 'BadError';
  code = 'E_BAD';
}

export const double = createFunction<{ n: number }>({ id: 'e11-double' }, [], async ({ event, step }) => {
  await step.sleep('think', '30s');
  return event.data.n * 2;
});

export const bad = createFunction({ id: 'e11-bad', retries: 0, onFailure: () => 'handled' }, [], () => {
  throw new BadError('no good');
});

export const invokes = createFunction({ id: 'e11' }, { event: 'e11/go' }, ({ step }) =>
  step.invoke<number>('double', {
    function: referenceFunction({ appId: 'app', functionId: 'e11-double' }),
    data: { n: 21 },
  }),
);

/** Caught: the caller completes. */
export const invokesWhatFails = createFunction(
  { id: 'e11-fails', retries: 2 },
  { event: 'e11/go-fails' },
  async ({ step }) => {
    try {
      await step.invoke('bad', { function: bad });
      return 'it did not fail';
    } catch (error) {
      return `${error}`;
    }
  },
);

/** Not caught: the caller fails at once. */
export const invokesWhatIsLate = createFunction({ id: 'e11-late' }, { event: 'e11/go-late' }, ({ step }) =>
  step.invoke<number>('double', { function: double, data: { n: 1 }, timeout: '5s' }),
);

export const invokesWhatIsNotThere = createFunction(
  { id: 'e11-unknown', retries: 2 },
  { event: 'e11/go-unknown' },
  ({ step }) => step.invoke('nobody', { function: 'app-nobody' }),
);
