// An error that has a cause that has a cause.
import { createFunction } from '@stepwell/sdk';

class ImportError extends Error {
  override name = 'ImportError';
}

class ParseIntError extends Error {
  override name = 'ParseIntError';
}

interface Named {
  name: string;
  message: string;
  cause?: unknown;
}

export const a25 = createFunction(
  {
    id: 'a25',
    retries: 0,
    onFailure: ({ error, event }) => ({ error: causesOf(error), event: causesOf(event.data.error) }),
  },
  { event: 'a25/go' },
  () => {
    const row = new Error('row 3', { cause: new ParseIntError('invalid digit found in string') });
    throw new ImportError('import failed', { cause: row });
  },
);

function causesOf(error: Named): string[] {
  const cause = error.cause as Named | undefined;
  return cause ? [`${cause.name}: ${cause.message}`, ...causesOf(cause)] : [];
}
