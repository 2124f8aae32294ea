// Functions that events cancel: by a field, by an expression and for a minute only, and by what started them.
import { createFunction, type Context } from '@stepwell/sdk';

const sleep = ({ step }: Context) => step.sleep('nap', '600s');

export const byField = createFunction(
  {
    id: 'g4',
    cancelOn: [{ event: 'g4/stop', match: 'data.id' }],
    onFailure: () => 'a cancelled run is no failed run',
  },
  { event: 'g4/go' },
  sleep,
);

export const forAMinute = createFunction(
  { id: 'g4-minute', cancelOn: [{ event: 'g4/stop', if: 'async.data.id > event.data.id', timeout: '60s' }] },
  { event: 'g4/go-minute' },
  sleep,
);

export const byItself = createFunction(
  { id: 'g4-itself', cancelOn: [{ event: 'g4/itself' }] },
  { event: 'g4/itself' },
  sleep,
);
