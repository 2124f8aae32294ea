// Sleeps until a time that is over, until right now, and until one to come.
import { createFunction } from '@stepwell/sdk';

const MINUTE = 60_000;

export const e3 = createFunction({ id: 'e3' }, { event: 'e3/go' }, async ({ step }) => {
  await step.sleepUntil('long ago', '1970-01-01T00:00:01Z');
  await step.sleepUntil('an hour ago', Date.now() - 60 * MINUTE);
  await step.sleepUntil('now', new Date());
  await step.sleepUntil('in a minute', new Date(Date.now() + MINUTE));
  return 'awake';
});
