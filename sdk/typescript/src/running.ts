// The pass that this instance is in: for what is reached by other ways than a handler's arguments.
import type { Pass } from './pass.js';

let pass: Pass | undefined;

/** The pass of the run that is being executed; an instance executes one at a time. */
export const running = (): Pass | undefined => pass;

/** Drives a pass, and has it be the one that is {@link running} meanwhile. */
export async function during<T>(entered: Pass, drive: () => Promise<T>): Promise<T> {
  pass = entered;
  try {
    return await drive();
  } finally {
    pass = undefined;
  }
}
