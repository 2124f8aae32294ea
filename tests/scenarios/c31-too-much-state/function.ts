// Nine steps of 4 MiB, which is what each of them may have.
import { createFunction } from '@stepwell/sdk';

export const c31 = createFunction({ id: 'c31' }, { event: 'c31/go' }, async ({ step }) => {
  for (let n = 0; n < 9; n += 1) await step.run('s', () => 'x'.repeat((4 << 20) - '""'.length));
});
