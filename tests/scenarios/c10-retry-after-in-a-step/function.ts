// A step that asks to be retried ten minutes later.
import { createFunction, RetryAfterError } from '@stepwell/sdk';

export const c10 = createFunction({ id: 'c10' }, { event: 'c10/go' }, ({ step }) =>
  step.run('a', () => {
    const { attempt } = step.current();
    if (attempt === 0) throw new RetryAfterError('busy', '10m');
    return attempt;
  }),
);
