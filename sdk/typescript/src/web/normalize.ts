// `String.prototype.normalize` where a plugin's modules name it: the engine has none. The build adds this module then.
import unorm from 'unorm';

const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;

function normalize(this: string, form = 'NFC'): string {
  const known = FORMS.find((known) => known === form);
  if (known === undefined) throw new RangeError(`the normalization form is one of ${FORMS.join(', ')}, not ${form}`);
  return unorm[known.toLowerCase() as Lowercase<typeof known>](String(this));
}

Object.defineProperty(String.prototype, 'normalize', { value: normalize, configurable: true, writable: true });
