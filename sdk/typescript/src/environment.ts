// `process.env`: the variables that are granted to the plugin, read when a run asks for them.
import { callerOf } from './stack.js';

/** Returns the granted variables; no source exists while the plugin is being built. */
type Source = () => [string, string][];

let source: Source | undefined;

/** Has `process.env` read from here from now on. */
export function grant(variables: Source) {
  source ??= variables;
}

/** Variables that are never there: what package.json says of this plugin, and what only Node's own processes have. */
const UNSET = Symbol.for('stepwell.unset');
const NEVER = ['NODE_OPTIONS', 'NODE_V8_COVERAGE'];

const isUnset = (name: string): boolean =>
  NEVER.includes(name) || ((Reflect.get(globalThis, UNSET) as string[] | undefined)?.includes(name) ?? false);

/** The answers for packages that ask where they run when they are loaded: neither Node, by its versions, nor a browser. */
const PROCESS = {
  title: 'stepwell',
  platform: 'wasi',
  version: '',
  versions: {},
  argv: [],
  cwd: () => '/',
  nextTick: (callback: (...given: unknown[]) => void, ...given: unknown[]) => queueMicrotask(() => callback(...given)),
};

/** Puts `process.env` in place, where the engine has none. */
export function installEnvironment() {
  const scope: { process?: object } = globalThis;
  scope.process = { ...PROCESS, ...scope.process, env: new Proxy<Record<string, string>>({}, traps) };
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
    return Object.assign(env, Object.fromEntries(source().filter(([name]) => !isUnset(name))));
  }
  if (typeof read === 'string' && !(read in env) && !isUnset(read)) refuse(read);
  return env;
}

/** Has the build start over, with the module evaluated only where there are variables. */
function refuse(name: string): never {
  throw new Error(readsVariable(callerOf(new Error()) ?? 'the module', name));
}

/** The error of a variable that is read while a plugin is built; the build finds it by {@link READS_VARIABLE}. */
const readsVariable = (place: string, name: string) => `${place} reads process.env.${name} while the plugin is built`;

export const READS_VARIABLE = /(\S+) reads process\.env\.(\S+) while the plugin is built/;
