// A wait that a sleep cuts short, and the other way round.
import { createFunction } from '@stepwell/sdk';

export const d9 = createFunction({ id: 'd9' }, { event: 'd9/go' }, ({ step }) =>
  Promise.race([
    step.sleep('nap', '60s').then(() => 'nap'),
    step.waitForEvent('come', { event: 'd9/come', timeout: '1h' }).then(() => 'come'),
  ]),
);
