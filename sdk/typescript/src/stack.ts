// Stacks as people read them: in the user's own files and lines, where the build has left a map to them.

/** The table that the build leaves: for each line of the bundle, where each of its parts comes from. */
export interface SourceTable {
  sources: string[];
  /** Lines, each with parts `column,source,line,column` with spaces between them; all from 0. */
  lines: string;
}

export const TABLE = Symbol.for('stepwell.sourceTable');

/** Frames of the SDK say nothing to its user. */
const SDK = '@stepwell/sdk/';

/** A place in the built module; both from 1. */
interface Place {
  line: number;
  column: number;
}

interface Frame extends Place {
  name: string;
}

/** The error's stack in the widespread form: its name and message, then `    at name (file:line:column)`. */
export function readableStack(error: Error): string {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const calls = callsOf(stack, installed());
  return calls === undefined ? stack : [`${error.name}: ${error.message}`, ...calls].join('\n');
}

/** The lines of an engine's stack, those of the SDK left out; undefined if it is not a stack. */
export function callsOf(stack: string, table: SourceTable | undefined): string[] | undefined {
  const frames = stack
    .split('\n')
    .map(frame)
    .filter((frame) => frame !== undefined);
  if (frames.length === 0) return undefined;
  const places = frames.map((frame) => ({ ...frame, place: placeOf(frame, table) }));
  const own = places.filter(({ place }) => !place.startsWith(SDK));
  return own.map(({ name, place }) => (name === '' ? `    at ${place}` : `    at ${name} (${place})`));
}

/** The caller's place in the user's files; `stack` is that of an error made there. */
export function callerOf(error: Error): string | undefined {
  const frames = (error.stack ?? '')
    .split('\n')
    .map(frame)
    .filter((frame) => frame !== undefined);
  return frames.map((frame) => placeOf(frame, installed())).find((place) => !place.startsWith(SDK));
}

const installed = () => Reflect.get(globalThis, TABLE) as SourceTable | undefined;

/** A line of SpiderMonkey's: `async*name@file:line:column`. Those of the engine's own scripts are left out. */
function frame(text: string): Frame | undefined {
  const [, name = '', file = '', line, column] = /^\s*(.*)@(.+):(\d+):(\d+)$/.exec(text) ?? [];
  if (line === undefined || file.endsWith('initializer.js')) return undefined;
  // "async*" marks what was awaited, "/<" a function that has no name of its own.
  const readable = name
    .replace(/^async\*/, 'async ')
    .replace(/(\/?<)+$/, '')
    .replaceAll('/<', '/');
  return { name: readable === 'async ' ? '' : readable, line: Number(line), column: Number(column) };
}

/** The place in the user's files that a place in the built module comes from, as `file:line:column`. */
export function placeOf({ line, column }: Place, table: SourceTable | undefined): string {
  const parts =
    table?.lines
      .split('\n')
      [line - 1]?.split(' ')
      .map((part) => part.split(',').map(Number)) ?? [];
  const [, source, from, fromColumn] = parts.findLast(([start]) => start !== undefined && start < column) ?? [];
  const file = source === undefined ? undefined : table?.sources[source];
  if (file === undefined || from === undefined || fromColumn === undefined) return `plugin.js:${line}:${column}`;
  return `${file}:${from + 1}:${fromColumn + 1}`;
}
