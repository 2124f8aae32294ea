// `process.env`: the variables that are granted to the plugin, read when a run asks for them.
import { callerOf } from './stack.js';

/** Answers the granted variables; there is none while the plugin is being built. */
type Source = () => [string, string][];

let source: Source | undefined;

/** Has `process.env` read from here from now on. */
export function grant(variables: Source) {
  source ??= variables;
}

/** Puts `process.env` in place, where the engine has none. */
export function installEnvironment() {
  const scope: { process?: { env?: unknown } } = globalThis;
  scope.process ??= {};
  scope.process.env = new Proxy<Record<string, string>>({}, traps);
}

let isFilled = false;

/** Everything goes to the target, which is filled when it is first used. */
const traps: ProxyHandler<Record<string, string>> = {
  get: (env, name) => Reflect.get(filled(env, name), name),
  has: (env, name) => Reflect.has(filled(env, name), name),
  ownKeys: (env) => Reflect.ownKeys(filled(env, undefined)),
  getOwnPropertyDescriptor: (env, name) => Reflect.getOwnPropertyDescriptor(filled(env, name), name),
  set: (env, name, value) => Reflect.set(filled(env, undefined), name, String(value)),
};

function filled(env: Record<string, string>, read: string | symbol | undefined): Record<string, string> {
  if (isFilled) return env;
  if (source) {
    isFilled = true;
    return Object.assign(env, Object.fromEntries(source()));
  }
  if (typeof read === 'string' && !(read in env)) warn(read);
  return env;
}

/** The build's output is where its user looks. */
function warn(name: string) {
  const place = callerOf(new Error()) ?? 'at the top level';
  console.log(
    `warning: ${place} reads process.env.${name} while the plugin is being built, where it is empty: ` +
      'read it inside the function that needs it',
  );
}
