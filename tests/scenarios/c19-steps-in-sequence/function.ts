// Three steps, one after the other.
import { createFunction } from '@stepwell/sdk';

export const c19 = createFunction({ id: 'c19' }, { event: 'c19/go' }, async ({ step }) => {
  const a = await step.run('a', () => 'a');
  const b = await step.run('b', () => `${a}b`);
  return step.run('c', () => `${b}c`);
});
