// What the bundler has to say, for people: with a way out where a module of Node's is asked for.
import { builtinModules } from 'node:module';
import type { BuildFailure, Message } from 'esbuild';
import { READS_VARIABLE } from '../environment.js';
import { callsOf, type SourceTable } from '../stack.js';
import { wayOutOfExport } from './inngest.js';

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

/** The bundler's messages with notes of ours. */
export const explained = (messages: Message[]): Message[] => messages.map(explain);

function explain(message: Message): Message {
  const [, missing] = /^No matching export in "[^"]*inngest\/index\.js" for import "([^"]+)"/.exec(message.text) ?? [];
  if (missing !== undefined) {
    const text = `"${missing}" of Inngest's has no counterpart in a plugin`;
    return { ...message, text, notes: [{ text: wayOutOfExport(missing), location: null }] };
  }
  if (message.text.includes('"@stepwell/sdk/testing"')) {
    return { ...message, text: '"@stepwell/sdk/testing" is for tests, and no part of a plugin', notes: [] };
  }
  const asked = /^Could not resolve "(?:node:)?([^"]+)"/.exec(message.text)?.[1];
  if (asked === undefined || !builtinModules.includes(asked)) return message;
  const text = `"${asked}" is a module of Node's, which a plugin does not run in`;
  const notes = [wayOutOf(asked), ...(message.location?.file.includes('node_modules') ? [without(asked)] : [])];
  return { ...message, text, notes: notes.map((text) => ({ text, location: null })) };
}

/** What to do without a module of Node's. */
export const wayOutOf = (name: string): string =>
  WAYS_OUT.find(([names]) => names.test(name))?.[1] ?? 'use a package that works in browsers or workers too';

const without = (name: string) =>
  `if the package does without it where you use it, say so in package.json: "stepwell": { "without": ["${name}"] }`;

/** What the engine says when a module fails at its top level, in the lines of the source. */
export function topLevelError(error: Error, table: SourceTable): Error {
  const thrown = /^plugin\.js:\d+:\d+ (.*)$/m.exec(error.message)?.[1];
  if (thrown === undefined) return error;
  const calls = callsOf(error.message, table) ?? [];
  return new Error([`the module failed while the plugin was built: ${thrown}`, ...calls].join('\n'), { cause: error });
}

/** Why a module cannot be evaluated while it is built, if it is for something that only an execution has. */
export function reasonToWait(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : '';
  const [, place, name] = READS_VARIABLE.exec(message) ?? [];
  if (name !== undefined) return `${place} reads process.env.${name} at its top level`;
  const [, asked] = /attempted to call an unknown imported function: '([^'@]+)/.exec(message) ?? [];
  return asked === undefined ? undefined : `its top level asks for ${asked}`;
}
