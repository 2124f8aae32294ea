// Parts of the Web and of the language that are large, and bundled only where a plugin's modules name them.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

/** A part: the name that asks for it, the SDK's module, and what that is packed to. */
interface Extra {
  name: RegExp;
  module: string;
  packed: string;
}

const INTL = 'web/intl.packed.js';

/** Uses of what the SDK's `Intl` has, and of it whole. `Intl.Segmenter` is no such use, nor is a method of that name. */
const LOCALES =
  /\bIntl(\[|\??\.(?!Collator|DisplayNames|ListFormat|RelativeTimeFormat|Segmenter))|[=(,]\s*Intl\b(?!\??\.)|\.toLocale(Date|Time)?String(\?\.)?\(/;

export const EXTRAS: Extra[] = [
  { name: /\bsubtle\b/, module: 'web/crypto/install.js', packed: 'web/crypto.packed.js' },
  { name: /\bDOMParser\b/, module: 'web/dom.js', packed: 'web/dom.packed.js' },
  { name: /\.normalize\(/, module: 'web/normalize.js', packed: 'web/normalize.packed.js' },
  { name: LOCALES, module: 'web/intl.js', packed: INTL },
];

/** The modules that a bundle needs, by what it names: the SDK's, and data of the project's locales; false: no `Intl`. */
export function extrasOf(code: string, locales: readonly string[] | false): string[] {
  const wanted = EXTRAS.filter(({ name, packed }) => name.test(code) && (packed !== INTL || locales !== false));
  const hasIntl = wanted.some(({ packed }) => packed === INTL);
  return [...wanted.map(({ packed }) => packed), ...(hasIntl ? (locales || []).flatMap(dataOf) : [])];
}

const require = createRequire(import.meta.url);

/** The packages of formatjs that have data by locale. */
const WITH_DATA = ['pluralrules', 'numberformat', 'datetimeformat'];

/** The files with a locale's data. Plural rules are a language's, whatever the country. */
function dataOf(locale: string): string[] {
  const names = [locale, locale.replace(/-.*$/, '')];
  return WITH_DATA.map((part) => {
    const files = names.map((name) => require.resolve(`@formatjs/intl-${part}`).replace(/index\.js$/, `locale-data/${name}.js`));
    const file = files.find((file) => existsSync(file));
    if (file === undefined) {
      throw new Error(`package.json: "stepwell.locales" names "${locale}", which is no locale such as "de" or "pt-BR"`);
    }
    return file;
  });
}
