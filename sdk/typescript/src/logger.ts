// The run's log.
import type { Host, Level } from './contract.js';
import { safeJson } from './values.js';

/** The run's log. A line that the body writes is kept once, however often the body is replayed. */
export interface Logger {
  debug(message: unknown, ...more: unknown[]): void;
  info(message: unknown, ...more: unknown[]): void;
  warn(message: unknown, ...more: unknown[]): void;
  error(message: unknown, ...more: unknown[]): void;
}

export function loggerOf(host: Host): Logger {
  const level =
    (level: Level) =>
    (...parts: unknown[]) =>
      write(host, level, parts);
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
}

/** Objects become the line's fields, everything else its text. */
function write(host: Host, level: Level, parts: unknown[]) {
  const texts = parts
    .filter((part) => !isFields(part))
    .map((part) => (part instanceof Error ? String(part) : textOf(part)));
  const errors = parts.filter((part) => part instanceof Error).map(({ stack }) => ({ stack }));
  const fields: object = Object.assign({}, ...errors, ...parts.filter(isFields));
  host.log(level, texts.join(' ').toWellFormed(), safeJson(fields) ?? '{}');
}

const isFields = (part: unknown): boolean =>
  typeof part === 'object' && part !== null && !(part instanceof Error) && !Array.isArray(part);

const textOf = (part: unknown): string => (typeof part === 'string' ? part : (safeJson(part) ?? String(part)));
