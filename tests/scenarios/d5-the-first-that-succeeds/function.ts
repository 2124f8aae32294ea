// Two steps side by side, of which one fails for good; it is the other's result that counts, whichever ends first.
import { createFunction } from '@stepwell/sdk';

/** The failure comes first and does not count. */
export const any = createFunction({ id: 'd5', retries: 0 }, { event: 'd5/go' }, ({ step }) =>
  Promise.any([step.run('fails', () => fail(0)), step.run('succeeds', () => succeed(400))]),
);

/** The success comes first, when both have begun; the other one's attempt ends, and is not followed by another. */
export const anyOfOneThatIsRetried = createFunction(
  { id: 'd5-retried', retries: 1 },
  { event: 'd5/go-retried' },
  ({ step }) => Promise.any([step.run('succeeds', () => succeed(400)), step.run('fails', () => fail(800))]),
);

/** They take their time, so that the order of the journal is certain. */
async function succeed(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'succeeds';
}

async function fail(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  throw new Error('it fails');
}
