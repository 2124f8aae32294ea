// Two functions that one event starts.
import { createFunction } from '@stepwell/sdk';

export const first = createFunction({ id: 'h9' }, { event: 'h9/go' }, () => 1);
export const second = createFunction({ id: 'h9-second' }, { event: 'h9/go' }, () => 2);
