// Durations: numbers of milliseconds, or texts such as "90s" and "1h30m".

/** Milliseconds, or a text: numbers with units from `ms` to `y`, such as `"10s"`, `"1h30m"` or `"2 days"`. */
export type Duration = number | string;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS: [RegExp, number][] = [
  [/^(ms|msecs?|milliseconds?)$/, 1],
  [/^(s|secs?|seconds?)$/, SECOND],
  [/^(m|mins?|minutes?)$/, MINUTE],
  [/^(h|hrs?|hours?)$/, HOUR],
  [/^(d|days?)$/, DAY],
  [/^(w|weeks?)$/, 7 * DAY],
  [/^(y|yrs?|years?)$/, 365.25 * DAY],
];

/** The duration in milliseconds; `what` says in the error whose duration it is. */
export function milliseconds(duration: Duration, what: string): number {
  const ms = typeof duration === 'number' ? duration : typeof duration === 'string' ? parse(duration) : NaN;
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const said = typeof duration === 'string' ? JSON.stringify(duration) : String(duration);
  throw new TypeError(`${what}: ${said} is no duration; write milliseconds, or a text such as "10s" or "1h30m"`);
}

function parse(text: string): number {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)\s*/g)];
  const read = parts.reduce((length, [part]) => length + part.length, 0);
  if (read === 0 || read !== trimmed.length) return NaN;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitOf(unit ?? ''), 0);
}

const unitOf = (name: string): number => UNITS.find(([names]) => names.test(name))?.[1] ?? NaN;

/** A time in milliseconds since 1970: of a Date, a number, an ISO text, or what has one as its text, as Temporal. */
export function instant(time: Date | number | string | object, what: string): number {
  const text = typeof time === 'object' && !(time instanceof Date) ? String(time).replace(/\[.*$/, '') : time;
  const ms = new Date(text).getTime();
  if (Number.isFinite(ms)) return ms;
  throw new TypeError(`${what}: ${typeof time === 'string' ? JSON.stringify(time) : String(time)} is no time`);
}
