// `crypto.subtle` where a plugin's modules name it: the build adds this module then.
import { CryptoKey } from './key.js';
import { subtle } from './subtle.js';

Object.assign(globalThis, { CryptoKey });
for (const [name, value] of Object.entries(subtle)) {
  Object.defineProperty(crypto.subtle, name, { value, configurable: true, writable: true });
}
