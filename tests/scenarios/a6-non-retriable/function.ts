// Errors that are not worth a retry: the SDK's own, and one of the author's that is a kind of it.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

class MyNR extends NonRetriableError {
  override name = 'MyNR';
}

export const a6 = createFunction({ id: 'a6' }, { event: 'a6/go' }, () => {
  throw new NonRetriableError('no use');
});

export const a8 = createFunction({ id: 'a8' }, { event: 'a8/go' }, () => {
  throw new MyNR('gone for good');
});
