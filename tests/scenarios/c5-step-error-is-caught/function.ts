// A step that always fails, and a body that catches its error.
import { createFunction, StepError } from '@stepwell/sdk';

class PriceError extends Error {
  override name = 'PriceError';
}

class ParseIntError extends Error {
  override name = 'ParseIntError';
}

export const c5 = createFunction(
  { id: 'c5', retries: 2, onFailure: () => 'never' },
  { event: 'c5/go' },
  async ({ step }) => {
    try {
      return await step.run('a', price);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      const { cause, message, name, stepId } = error;
      return { causes: [`${cause}`], name, step: stepId, text: `ok:${message}` };
    }
  },
);

function price(): number {
  throw new PriceError('se', { cause: new ParseIntError('invalid digit found in string') });
}
