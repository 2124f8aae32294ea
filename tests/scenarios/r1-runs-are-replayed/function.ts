// Three steps, of which the second has an input and refuses too much, and a handler that fails as long as it is told.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const r1 = createFunction<{ cents: number }>(
  {
    id: 'r1',
    onFailure: async ({ error, failed, step }) => {
      const sku = failed.step<string>('look-up');
      const report = (works: boolean) => {
        if (!works) throw new NonRetriableError('no');
      };
      await step.run('report', report, false);
      return `${error.message}: ${sku}`;
    },
  },
  { event: 'r1/go' },
  async ({ event, step, runId }) => {
    const sku = await step.run('look-up', () => 'A1');
    await step.sleep('nap', '1s');
    const charged = await step.run('charge', charge, event.data.cents);
    await step.run('tell', () => {});
    return `${sku} for ${charged}, ${runId === '' ? 'nobody' : 'a run'}`;
  },
);

/** Who does the run over may have any input: what has to fit is to be looked at. */
function charge(cents: number): number {
  if (typeof cents !== 'number') throw new NonRetriableError(`${JSON.stringify(cents)} is no number of cents`);
  if (cents > 1_000) throw new NonRetriableError(`${cents} is too much`);
  return cents;
}
