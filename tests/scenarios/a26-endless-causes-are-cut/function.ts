// Errors with more causes than anyone reads.
import { createFunction } from '@stepwell/sdk';

class Link extends Error {
  override name = 'Link';
}

class Circle extends Error {
  override name = 'Circle';
}

interface Caused {
  message: string;
  cause?: unknown;
}

export const chain = createFunction(
  {
    id: 'a26',
    retries: 0,
    onFailure: ({ error, event }) => {
      const causes = causesOf(error);
      return { error: causes.length, event: causesOf(event.data.error).length, last: causes.at(-1)?.message };
    },
  },
  { event: 'a26/go' },
  () => {
    let cause: Error | undefined;
    for (let number = 100; number > 0; number -= 1) cause = new Error(`link ${number}`, { cause });
    throw new Link('link 0', { cause });
  },
);

export const circle = createFunction({ id: 'a26-circle', retries: 0 }, { event: 'a26-circle/go' }, () => {
  const error = new Circle('in a circle');
  error.cause = error;
  throw error;
});

function causesOf(error: Caused): Caused[] {
  const cause = error.cause as Caused | undefined;
  return cause ? [cause, ...causesOf(cause)] : [];
}
