// What the bundler has to say, for people: with a way out where a module of Node's is asked for.
import { builtinModules } from 'node:module';
import type { BuildFailure, Message } from 'esbuild';
import { callsOf, type SourceTable } from '../stack.js';

const WAYS_OUT: [RegExp, string][] = [
  [/^fs(\/|$)/, 'a plugin has no files: import data as a module (`.json`, `.txt`), or keep it elsewhere and fetch it'],
  [/^(http|https|http2|net|tls|dns|dgram)(\/|$)/, 'use `fetch` inside a step, or `step.fetch`'],
  [/^crypto$/, 'use the global `crypto`: `crypto.randomUUID()`, `crypto.getRandomValues()`, `crypto.subtle`'],
  [/^timers(\/|$)/, 'use the globals `setTimeout` and `setInterval`, or `step.sleep` to wait for long'],
  [/^url$/, 'use the globals `URL` and `URLSearchParams`'],
  [/^(perf_hooks)$/, 'use the global `performance`'],
  [/^process$/, 'use the global `process.env`, which holds the granted variables'],
  [
    /^(child_process|cluster|worker_threads)$/,
    'a plugin starts no processes and threads: start steps side by side, or invoke functions',
  ],
  [
    /^(buffer|events|util|assert|path|stream|string_decoder|querystring|punycode)(\/|$)/,
    'install the npm package of that name, and import it without `node:`',
  ],
];

/** Whether it is an error of the bundler, with messages. */
export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray(Reflect.get(error, 'errors'));

/** The bundler's messages with notes of ours. */
export const explained = (messages: Message[]): Message[] => messages.map(explain);

function explain(message: Message): Message {
  if (message.text.includes('"@stepwell/sdk/testing"')) {
    return { ...message, text: '"@stepwell/sdk/testing" is for tests, and no part of a plugin', notes: [] };
  }
  const asked = /^Could not resolve "(?:node:)?([^"]+)"/.exec(message.text)?.[1];
  if (asked === undefined || !builtinModules.includes(asked)) return message;
  const text = `"${asked}" is a module of Node's, which a plugin does not run in`;
  const wayOut =
    WAYS_OUT.find(([names]) => names.test(asked))?.[1] ?? 'use a package that works in browsers or workers too';
  return { ...message, text, notes: [{ text: wayOut, location: null }] };
}

/** What the engine says when a module fails at its top level, in the lines of the source. */
export function topLevelError(error: Error, table: SourceTable): Error {
  const thrown = /^plugin\.js:\d+:\d+ (.*)$/m.exec(error.message)?.[1];
  if (thrown === undefined) return error;
  const calls = callsOf(error.message, table) ?? [];
  return new Error([`the module failed while the plugin was built: ${thrown}`, ...calls].join('\n'), { cause: error });
}
