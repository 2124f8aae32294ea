// `localeCompare`: the engine compares by code units, whatever it is asked for. What that cannot be is an error.

const compare = String.prototype.localeCompare;

/** Throws where the result would not be what the locale or the options stand for. */
function localeCompare(this: string, other: string, locales?: string | readonly string[], options?: object): number {
  const [locale = 'en'] = typeof locales === 'string' ? [locales] : (locales ?? []);
  if (!/^en\b/.test(locale) || Object.keys(options ?? {}).length > 0) {
    throw new RangeError(
      'a plugin compares texts by their code units: leave locale and options of localeCompare out, or sort with a package',
    );
  }
  return compare.call(this, other);
}

/** Puts it in the place of the engine's. */
export function installCompare() {
  Object.defineProperty(String.prototype, 'localeCompare', { value: localeCompare, configurable: true, writable: true });
}
