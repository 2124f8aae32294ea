// The bundler's messages for people: with a way out where a module of Node's is asked for.
import { builtinModules } from 'node:module';
import type { BuildFailure, Message } from 'esbuild';
import { READS_VARIABLE } from '../environment.js';
import { callsOf, placeOf, type SourceTable } from '../stack.js';
import { wayOutOfExport } from './inngest.js';
import { packageOf, refusedImports, type Imports } from './packages.js';

const WAYS_OUT: [RegExp, string][] = [
  [/^fs(\/|$)/, 'a plugin has no files: import data as a module (`.json`, `.txt`), or keep it elsewhere and fetch it'],
  [/^(http|https|http2|net|tls|dns|dgram)(\/|$)/, 'use `fetch` inside a step, or `step.fetch`'],
  [/^crypto$/, 'use the global `crypto`: `crypto.randomUUID()`, `crypto.getRandomValues()`, `crypto.subtle`'],
  [/^timers(\/|$)/, 'use the globals `setTimeout` and `setInterval`, or `step.sleep` to wait for long'],
  [/^(perf_hooks)$/, 'use the global `performance`'],
  [
    /^(child_process|cluster|worker_threads)$/,
    'a plugin starts no processes and threads: start steps side by side, or invoke functions',
  ],
  [/^(assert|stream|punycode)(\/|$)/, 'install the npm package of that name, and import it without `node:`'],
];

/** Whether it is an error of the bundler, with messages. */
export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray(Reflect.get(error, 'errors'));

/** The same with its messages explained. */
export const explainedFailure = (failure: BuildFailure, imports: Imports): BuildFailure =>
  Object.assign(failure, { errors: explained(failure.errors, imports) });

/** The bundler's messages with notes of ours; what a package asks of Node is one message. See {@link noteImports}. */
export function explained(messages: Message[], imports: Imports = new Map()): Message[] {
  const asked = new Map<string, Message[]>();
  for (const message of messages) {
    const asker = missingBuiltin(message) && packageOf(message.location?.file ?? '');
    if (asker) asked.set(asker, [...(asked.get(asker) ?? []), message]);
  }
  const refused = [...asked.values()].flat();
  const others = messages.filter((message) => !refused.includes(message)).map(explain);
  const known = refusedImports(refused, imports);
  if (known.length > 0) return [...known, ...others];
  return [...[...asked].map(([name, all]) => askedBy(name, all)), ...others];
}

/** The module of Node's that could not be resolved. */
function missingBuiltin({ text }: Message): string | undefined {
  const [, name] = /^Could not resolve "(?:node:)?([^"]+)"/.exec(text) ?? [];
  return name !== undefined && builtinModules.includes(name) ? name : undefined;
}

/** Merges what a package asks for into one message, with a way out of each module. */
function askedBy(name: string, messages: Message[]): Message {
  const modules = [...new Set(messages.flatMap((message) => missingBuiltin(message) ?? []))];
  const text = `"${name}" asks for ${listed(modules)} of Node's, which a plugin does not run in`;
  return withNotes(messages[0]!, text, [...new Set(modules.map(wayOutOf)), without(modules)]);
}

const listed = (modules: string[]) =>
  modules.map((name) => `"${name}"`).join(', ').replace(/, (?=[^,]*$)/, ' and ');

const withNotes = (message: Message, text: string, notes: string[]): Message => ({
  ...message,
  text,
  notes: notes.map((text) => ({ text, location: null })),
});

function explain(message: Message): Message {
  const [, missing] = /^No matching export in "[^"]*inngest\/index\.js" for import "([^"]+)"/.exec(message.text) ?? [];
  if (missing !== undefined) {
    return withNotes(message, `"${missing}" of Inngest's has no counterpart in a plugin`, [wayOutOfExport(missing)]);
  }
  if (message.text.includes('"@stepwell/sdk/testing"')) {
    return withNotes(message, '"@stepwell/sdk/testing" is for tests, and no part of a plugin', []);
  }
  const builtin = missingBuiltin(message);
  if (builtin !== undefined) {
    const text = `"${builtin}" is a module of Node's, which a plugin does not run in`;
    return withNotes(message, text, [wayOutOf(builtin)]);
  }
  const [, unknown] = /^Could not resolve "([^"]+)"/.exec(message.text) ?? [];
  return unknown === undefined ? message : withNotes(message, message.text, [wayTo(unknown)]);
}

/** How to have a module that was not found. */
function wayTo(module: string): string {
  if (/^[./]/.test(module)) return 'there is no such file: look at the name and the folder';
  const [name] = /^(@[^/]+\/)?[^/]+/.exec(module) ?? [module];
  return `\`npm install ${name}\` brings the package; if it is there, it has no module of this name`;
}

/** Says what to do without a module of Node's. */
export const wayOutOf = (name: string): string =>
  WAYS_OUT.find(([names]) => names.test(name))?.[1] ?? 'use a package that works in browsers or workers too';

const without = (modules: string[]) =>
  `if the package does without where you use it, say so in package.json: "stepwell": { "without": ${JSON.stringify(modules)} }`;

/** The engine's error of a module that fails at its top level, in the lines of the source. */
export function topLevelError(error: Error, table: SourceTable): Error {
  const [, line, column, thrown] = /^plugin\.js:(\d+):(\d+) (.*)$/m.exec(error.message) ?? [];
  if (thrown === undefined) return error;
  const calls = callsOf(error.message, table) ?? [];
  // What is not valid code has no calls behind it, only a place.
  if (calls.length === 0) calls.push(`    at ${placeOf({ line: Number(line), column: Number(column) }, table)}`);
  return new Error([`the module failed while the plugin was built: ${thrown}`, ...calls].join('\n'), { cause: error });
}

/** The line for package.json that lets a module that reads a variable be evaluated early; empty for other errors. */
export function wayToBuild(error: unknown): string {
  const name = READS_VARIABLE.exec(error instanceof Error ? error.message : '')?.[2];
  if (name === undefined) return '';
  return `; if the variable is never granted, say so in package.json: "stepwell": { "unset": ["${name}"] }`;
}

/** Why a module cannot be evaluated while it is built, if it is for something that only an execution has. */
export function reasonToWait(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : '';
  const [, place, name] = READS_VARIABLE.exec(message) ?? [];
  if (name !== undefined) return `${place} reads process.env.${name} at its top level`;
  const [, asked] = /attempted to call an unknown imported function: '([^'@]+)/.exec(message) ?? [];
  return asked === undefined ? undefined : `its top level asks for ${asked}`;
}
