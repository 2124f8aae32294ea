// Errors whose cause has an advice on retries.
import { createFunction, NonRetriableError, RetryAfterError } from '@stepwell/sdk';

class ImportError extends Error {
  override name = 'ImportError';

  constructor(cause: Error) {
    super('import failed', { cause });
  }
}

export const never = createFunction({ id: 'a10', retries: 1 }, { event: 'a10/go' }, () => {
  throw new ImportError(new NonRetriableError('no use'));
});

export const later = createFunction({ id: 'a16', retries: 1 }, { event: 'a16/go' }, ({ attempt }) => {
  if (attempt === 0) throw new ImportError(new RetryAfterError('in an hour', '1h'));
});
