// The hash functions that keys are used with.
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { unsupported, type Asked } from './key.js';

const HASHES = { 'SHA-1': sha1, 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 };

export type HashName = keyof typeof HASHES;

/** The name of the hash that an algorithm is asked for with. */
export function hashNameOf({ hash }: Asked): HashName {
  const name = typeof hash === 'string' ? hash : (hash as Asked | undefined)?.name;
  const known = Object.keys(HASHES).find((known) => known === String(name).toUpperCase());
  if (known === undefined) throw unsupported(`the hash ${String(name)}`);
  return known as HashName;
}

export const hashOf = (asked: Asked) => HASHES[hashNameOf(asked)];

/** As JSON Web Keys name it: "256". */
export const digitsOf = (asked: Asked): string => hashNameOf(asked).slice('SHA-'.length);
