// `crypto.subtle` where a plugin's modules name it: the build adds this module then. What does the work is evaluated when
// it is first used, so that it is not in the memory of each instance.
import './engine.js';
import { CryptoKey } from './key.js';

const NAMES = [
  'decrypt',
  'deriveBits',
  'deriveKey',
  'encrypt',
  'exportKey',
  'generateKey',
  'importKey',
  'sign',
  'unwrapKey',
  'verify',
  'wrapKey',
] as const;

Object.assign(globalThis, { CryptoKey });
for (const name of NAMES) {
  const value = async (...given: never[]): Promise<unknown> => {
    const { subtle } = await import('./subtle.js');
    return (subtle[name] as (...given: never[]) => unknown)(...given);
  };
  Object.defineProperty(crypto.subtle, name, { value, configurable: true, writable: true });
}
