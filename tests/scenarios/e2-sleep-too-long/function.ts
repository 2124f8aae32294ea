// A sleep of 400 days.
import { createFunction } from '@stepwell/sdk';

export const e2 = createFunction({ id: 'e2' }, { event: 'e2/go' }, ({ step }) => step.sleep('nap', '400d'));
