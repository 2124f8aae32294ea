// `Intl` where a plugin's modules name it, or what needs it: the engine has none. The build adds this module then, and the data
// of the locales that the project names. All time zones are there.
import '@formatjs/intl-getcanonicallocales/polyfill-force.js';
import '@formatjs/intl-locale/polyfill-force.js';
import '@formatjs/intl-pluralrules/polyfill-force.js';
import '@formatjs/intl-pluralrules/locale-data/en.js';
import '@formatjs/intl-numberformat/polyfill-force.js';
import '@formatjs/intl-numberformat/locale-data/en.js';
import '@formatjs/intl-datetimeformat/polyfill-force.js';
import '@formatjs/intl-datetimeformat/locale-data/en.js';
import './zones.js';
import '@formatjs/intl-datetimeformat/add-all-tz.js';

type Locales = string | readonly string[] | undefined;

/** A class of `Intl`'s. */
interface Formatter {
  new (locales?: Locales, options?: object): object;
  supportedLocalesOf(locales: Locales): string[];
}

/** Fields of a date, of a time of day, and what stands for some of them. */
const DATE = ['weekday', 'year', 'month', 'day'];
const TIME = ['dayPeriod', 'hour', 'minute', 'second', 'fractionalSecondDigits'];
const WHOLE_DATE = { year: 'numeric', month: 'numeric', day: 'numeric' };
const WHOLE_TIME = { hour: 'numeric', minute: 'numeric', second: 'numeric' };

/** A locale that is not there would be written as English: an error says how to bring it. */
function check(kind: Formatter, locales: Locales) {
  const wanted = typeof locales === 'string' ? [locales] : [...(locales ?? [])];
  if (wanted.length === 0 || kind.supportedLocalesOf(wanted).length > 0) return;
  const name = JSON.stringify(wanted[0]);
  throw new RangeError(
    `the locale ${name} is not in this plugin: name it in package.json: "stepwell": { "locales": [${name}] }`,
  );
}

for (const name of ['PluralRules', 'NumberFormat', 'DateTimeFormat'] as const) {
  const kind = Intl[name] as unknown as Formatter;
  const checked = new Proxy(kind, {
    construct(target, [locales, options], made) {
      check(kind, locales);
      return Reflect.construct(target, [locales, options], made);
    },
    apply(target, _, [locales, options]) {
      check(kind, locales);
      return new target(locales, options);
    },
  });
  Object.defineProperty(Intl, name, { value: checked, configurable: true, writable: true });
}

type Options = Record<string, unknown>;

const asks = (options: Options, fields: string[]) => fields.some((field) => options[field] !== undefined);

const ofDate = (date: Date, locales: Locales, options: Options) =>
  Number.isNaN(date.getTime()) ? 'Invalid Date' : new Intl.DateTimeFormat(locales as string, options).format(date);

function refuse(options: Options, style: string) {
  if (options[style] !== undefined) throw new TypeError(`${style} has no meaning here`);
}

const METHODS: [object, object][] = [
  [
    Date.prototype,
    {
      toLocaleString(this: Date, locales?: Locales, options: Options = {}) {
        const isPlain = !asks(options, [...DATE, ...TIME, 'dateStyle', 'timeStyle']);
        return ofDate(this, locales, isPlain ? { ...options, ...WHOLE_DATE, ...WHOLE_TIME } : options);
      },
      toLocaleDateString(this: Date, locales?: Locales, options: Options = {}) {
        refuse(options, 'timeStyle');
        return ofDate(this, locales, asks(options, [...DATE, 'dateStyle']) ? options : { ...options, ...WHOLE_DATE });
      },
      toLocaleTimeString(this: Date, locales?: Locales, options: Options = {}) {
        refuse(options, 'dateStyle');
        return ofDate(this, locales, asks(options, [...TIME, 'timeStyle']) ? options : { ...options, ...WHOLE_TIME });
      },
    },
  ],
  [Number.prototype, { toLocaleString: ofNumber }],
  [BigInt.prototype, { toLocaleString: ofNumber }],
];

function ofNumber(this: number, locales?: Locales, options?: Options): string {
  return new Intl.NumberFormat(locales as string, options).format(this);
}

for (const [prototype, methods] of METHODS) {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
