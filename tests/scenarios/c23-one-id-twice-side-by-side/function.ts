// An id that is used twice side by side. The second use is slower, so that the order of the journal is certain.
import { createFunction } from '@stepwell/sdk';

export const c23 = createFunction({ id: 'c23' }, { event: 'c23/go' }, ({ step }) =>
  Promise.all([
    step.run('a', () => 'first'),
    step.run('a', async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return 'second';
    }),
  ]),
);
