// Errors for what Inngest's package has and a plugin cannot do: they name it and the way out.
import { NonRetriableError } from '../errors.js';

const WAYS_OUT: Record<string, string> = {
  middleware:
    'call what it did in the functions themselves (as a higher-order function around their handlers); clients such as ' +
    "Sentry's are set up at a module's top level",
  'step.ai.infer': 'call the model in a step (`step.ai.wrap`, `step.run` with its client), or with `step.fetch`',
  'step.ai.models': 'call the model in a step (`step.ai.wrap`, `step.run` with its client), or with `step.fetch`',
  'step.realtime': 'publish in a step, with the client of a service that your pages listen to',
  'inngest.realtime': 'publish in a step, with the client of a service that your pages listen to',
  'group.experiment': 'choose the variant in a step of its own, and go on with what it returns',
  defer: 'send an event with `step.sendEvent` to a function of its own',
};

/** That something of Inngest's is not there, and what to do instead. */
export function refusal(what: string): NonRetriableError {
  return new NonRetriableError(`${what} is Inngest's and has no counterpart in a plugin: ${WAYS_OUT[what]}`);
}

/** A value any use of which is that error. */
export const refused = <T extends object>(what: string): T =>
  new Proxy(() => {}, {
    get: () => {
      throw refusal(what);
    },
    apply: () => {
      throw refusal(what);
    },
  }) as unknown as T;
