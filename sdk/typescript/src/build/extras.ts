// Parts of the Web that are large, and bundled only where a plugin's modules name them.

/** A part: the name that asks for it, the SDK's module, and what that is packed to. */
interface Extra {
  name: RegExp;
  module: string;
  packed: string;
}

export const EXTRAS: Extra[] = [
  { name: /\bsubtle\b/, module: 'web/crypto/install.js', packed: 'web/crypto.packed.js' },
  { name: /\bDOMParser\b/, module: 'web/dom.js', packed: 'web/dom.packed.js' },
];

/** The SDK's modules that a bundle needs, by what it names. */
export const extrasOf = (code: string): string[] =>
  EXTRAS.filter(({ name }) => name.test(code)).map(({ packed }) => packed);
