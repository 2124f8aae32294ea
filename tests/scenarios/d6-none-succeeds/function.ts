// Two steps side by side that both fail, where one was to succeed.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

class TryError extends NonRetriableError {
  override name = 'TryError';
}

export const d6 = createFunction(
  { id: 'd6', retries: 1, onFailure: ({ error }) => ({ errors: error['errors'] }) },
  { event: 'd6/go' },
  ({ step }) => Promise.any([step.run('a', () => fail('a', 0)), step.run('b', () => fail('b', 300))]),
);

async function fail(id: string, ms: number) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  throw new TryError(id);
}
