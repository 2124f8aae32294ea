// The way into and out of a component: what the build's entry is made of.
import { panicked, write } from 'stepwell:plugin/log@0.1.0';
import { failedStep, finish, next, plan, stepInput } from 'stepwell:plugin/steps@0.1.0';
import { getEnvironment } from 'wasi:cli/environment@0.2.6';
import type { Host } from './contract.js';
import { grant } from './environment.js';
import { pluginOf, type Exports } from './plugin.js';

const host: Host = {
  plan,
  finish,
  next,
  failedStep,
  stepInput,
  log: write,
  lastWords: (message) => panicked(message, ''),
};

/** The exports of the component that a module is built to. */
export function component(module: Record<string, unknown>): Exports {
  const { functions, failureHandler } = pluginOf(module).exports(host);
  return {
    functions: {
      describe: functions.describe,
      run: (run) => {
        grant(getEnvironment);
        return functions.run(run);
      },
    },
    failureHandler: {
      onFailure: (run, failure) => {
        grant(getEnvironment);
        return failureHandler.onFailure(run, failure);
      },
    },
  };
}
