// The functions of a plugin, as a host enters them.
import type { Definition, Failure, Host, Outcome, RunContext } from './contract.js';
import { NonRetriableError } from './errors.js';
import { bodyFailure } from './failure.js';
import { StepwellFunction } from './function.js';
import { Pass } from './pass.js';
import { reseed } from './random.js';
import { during } from './running.js';

/** Functions that are one plugin, made by {@link plugin}. */
export class Plugin {
  readonly functions: readonly StepwellFunction[];

  constructor(functions: readonly StepwellFunction[]) {
    const ids = functions.map(({ id }) => id);
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    if (twice !== undefined) throw new TypeError(`two functions of the plugin have the id "${twice}"`);
    this.functions = functions;
  }

  /** The exports that the host calls. */
  exports(host: Host): Exports {
    const find = (id: string) => this.functions.find((known) => known.id === id);
    const missing = (what: string): Outcome => ({ tag: 'failed', val: bodyFailure(new NonRetriableError(what)) });
    const drive = (run: RunContext, body: (pass: Pass) => unknown) => {
      reseed();
      const pass = new Pass(host, run.runId);
      return during(pass, () => pass.drive(async () => body(pass)));
    };
    return {
      functions: {
        describe: () => this.functions.map(({ definition }) => definition),
        run: async (run) => {
          const body = find(run.functionId)?.body;
          if (!body) return missing(`the plugin has no function "${run.functionId}"`);
          return drive(run, (pass) => body(host, pass, run));
        },
      },
      failureHandler: {
        onFailure: async (run, failure) => {
          const body = find(run.functionId)?.failureBody;
          if (!body) return missing(`function "${run.functionId}" has no failure handler`);
          return drive(run, (pass) => body(host, pass, run, failure));
        },
      },
    };
  }
}

/** The exports of a component. */
export interface Exports {
  functions: { describe(): Definition[] | Promise<Definition[]>; run(run: RunContext): Promise<Outcome> };
  failureHandler: { onFailure(run: RunContext, failure: Failure): Promise<Outcome> };
}

/** The functions that a module's default export gives to the host. */
export const plugin = (...functions: StepwellFunction[]): Plugin => new Plugin(functions);

/**
 * The plugin that a module is: its default export, be it a plugin, a function or several; else all that it exports, in
 * lists too.
 */
export function pluginOf(module: Record<string, unknown>): Plugin {
  const { default: first, ...others } = module;
  if (first instanceof Plugin) return first;
  const functions = [first, Object.values(others)].map(functionsOf).find((found) => found.length > 0);
  if (!functions) throw new TypeError('the module exports no function: write `export default plugin(…)`');
  return new Plugin(functions);
}

/** The functions that something is or lists, each once. */
function functionsOf(exported: unknown): StepwellFunction[] {
  const all: unknown[] = [exported].flat(3);
  return [...new Set(all.filter((value) => value instanceof StepwellFunction))];
}
