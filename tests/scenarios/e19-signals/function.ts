// Functions that wait for a signal, and one that sends it.
import { createFunction } from '@stepwell/sdk';

const APPROVED = { signal: 'approved', timeout: '60s' };

export const waits = createFunction({ id: 'e19', retries: 2 }, { event: 'e19/go' }, async ({ step }) => {
  const approval = await step.waitForSignal('approval', APPROVED);
  return approval?.data;
});

export const replaces = createFunction({ id: 'e19-replaces' }, { event: 'e19/go-instead' }, async ({ step }) => {
  const approval = await step.waitForSignal('approval', { ...APPROVED, onConflict: 'replace' });
  return approval?.data;
});

export const sends = createFunction(
  { id: 'e19-sends', retries: 1 },
  { event: 'e19/send' },
  async ({ step, attempt }) => {
    const { runId } = await step.sendSignal('approve', { signal: 'approved', data: { by: 'Ada' } });
    if (attempt === 0) throw new Error('once more');
    return runId !== null;
  },
);
