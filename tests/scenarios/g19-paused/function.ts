// A function that is paused while a run of it sleeps.
import { createFunction } from '@stepwell/sdk';

export const g19 = createFunction({ id: 'g19' }, { event: 'g19/go' }, ({ step }) => step.sleep('nap', '20s'));
