// Parts of the Web that are large, and bundled only where a plugin's modules name them.

const EXTRAS: [RegExp, string][] = [
  [/\bsubtle\b/, 'web/crypto/install.js'],
  [/\bDOMParser\b/, 'web/dom.js'],
];

/** The SDK's modules that a bundle needs, by what it names. */
export const extrasOf = (code: string): string[] =>
  EXTRAS.filter(([name]) => name.test(code)).map(([, module]) => module);
