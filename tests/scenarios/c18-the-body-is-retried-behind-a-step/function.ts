// A body that always fails behind its step.
import { createFunction, type Context } from '@stepwell/sdk';

async function failBehind({ step }: Context) {
  await step.run('a', () => 1);
  throw new Error('after');
}

export const once = createFunction({ id: 'c17', retries: 1 }, { event: 'c17/go' }, failBehind);
export const twice = createFunction({ id: 'c18', retries: 2 }, { event: 'c18/go' }, failBehind);
