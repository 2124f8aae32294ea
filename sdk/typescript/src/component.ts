// The way into and out of a component: what the build's entry is made of.
import { guess, panicked, write } from 'stepwell:plugin/log@0.1.0';
import { failedStep, finish, next, plan, stepInput } from 'stepwell:plugin/steps@0.1.0';
import { getEnvironment } from 'wasi:cli/environment@0.2.6';
import type { Host, Outcome } from './contract.js';
import { grant } from './environment.js';
import { bodyFailure } from './failure.js';
import { pluginOf, type Exports } from './plugin.js';
import { turn } from './web/timers.js';

const host: Host = {
  plan,
  finish,
  next,
  failedStep,
  stepInput,
  log: write,
  guess,
  dry: turn,
};

/** The exports of the component that a module is built to, once it has been evaluated. */
export function component(module: Record<string, unknown>): Exports {
  return entered(pluginOf(module).exports(host));
}

/** The same where the module is evaluated in each instance, when that is first entered. */
export function lateComponent(load: () => Promise<Record<string, unknown>>): Exports {
  let loaded: Promise<Exports> | undefined;
  const evaluated = () => (loaded ??= load().then((module) => pluginOf(module).exports(host)));
  const failed = (error: unknown): Outcome => ({ tag: 'failed', val: bodyFailure(error) });
  return entered({
    functions: {
      describe: () => evaluated().then(({ functions }) => functions.describe(), dying),
      run: (run) => evaluated().then(({ functions }) => functions.run(run), failed),
    },
    failureHandler: {
      onFailure: (run, failure) =>
        evaluated().then(({ failureHandler }) => failureHandler.onFailure(run, failure), failed),
    },
  });
}

/** With the granted variables from the first entry on. */
function entered({ functions, failureHandler }: Exports): Exports {
  const granted =
    <A extends unknown[], R>(call: (...given: A) => R) =>
    (...given: A): R => {
      grant(getEnvironment);
      return call(...given);
    };
  return {
    functions: { describe: granted(functions.describe), run: granted(functions.run) },
    failureHandler: { onFailure: granted(failureHandler.onFailure) },
  };
}

/** There is no failure to answer: what has happened are the instance's last words. */
function dying(error: unknown): never {
  const { name, message } = bodyFailure(error);
  panicked(`the module failed at its top level: ${name}: ${message}`, '');
  throw error;
}
