// A body that throws the text that its event says.
import { createFunction } from '@stepwell/sdk';

export const a18 = createFunction<{ text: string }>({ id: 'a18', retries: 0 }, { event: 'a18/go' }, ({ event }) => {
  throw event.data.text;
});
