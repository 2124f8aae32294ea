// HMAC, and what keys are derived by: HKDF and PBKDF2.
import { hkdf } from '@noble/hashes/hkdf.js';
import { bytesOfBig, joined } from './der.js';
import { hmacBy } from './engine.js';
import { digitsOf, hashNameOf, hashOf } from './hashes.js';
import {
  bytesOf,
  CryptoKey,
  problem,
  random,
  secretJwk,
  secretOf,
  unsupported,
  type Algorithm,
  type Asked,
  type Bytes,
  type Wanted,
} from './key.js';

const secret = (key: CryptoKey) => CryptoKey.materialOf<Bytes>(key);

function make(bytes: Bytes, wanted: Wanted): CryptoKey {
  if (bytes.length === 0) throw problem('DataError', 'the key is empty');
  const hash = { name: hashNameOf(wanted.algorithm) };
  return new CryptoKey('secret', { ...wanted, algorithm: { name: 'HMAC', hash, length: bytes.length * 8 } }, bytes);
}

const HMAC: Algorithm = {
  generate(wanted) {
    const bits = wanted.algorithm['length'] ?? hashOf(wanted.algorithm).blockLen * 8;
    return make(random(Math.ceil(Number(bits) / 8)), wanted);
  },
  import: (given, wanted) => make(secretOf(given), wanted),
  export(format, key) {
    if (format === 'raw') return secret(key).slice();
    if (format === 'jwk') return secretJwk(key, secret(key), `HS${digitsOf(key.algorithm)}`);
    throw unsupported(`the format ${format} of a secret key`);
  },
  sign: (_, key, data) => authenticated(key, data),
  verify: async (_, key, signature, data) => isEqual(await authenticated(key, data), signature),
};

async function authenticated(key: CryptoKey, data: Bytes): Promise<Bytes> {
  const hmac = await hmacBy(secret(key), hashNameOf(key.algorithm));
  return hmac(data);
}

/** Compares in a time that does not depend on where they differ. */
function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (const [i, byte] of one.entries()) difference |= byte ^ (other[i] ?? 0);
  return difference === 0;
}

function length(bits: number | null): number {
  if (bits === null || bits === 0 || bits % 8 !== 0) throw problem('OperationError', 'a length in whole bytes is needed');
  return bits / 8;
}

const derivation = (derive: NonNullable<Algorithm['derive']>): Algorithm => ({
  import: (given, wanted) => new CryptoKey('secret', { ...wanted, extractable: false }, secretOf(given)),
  derive,
});

export const SECRETS: Record<string, Algorithm> = {
  HMAC,
  HKDF: derivation((asked, key, bits) =>
    hkdf(hashOf(asked), secret(key), bytesOf(asked['salt'], 'salt'), bytesOf(asked['info'], 'info'), length(bits)),
  ),
  PBKDF2: derivation(stretched),
};

/** PBKDF2 (RFC 8018, 5.2). */
async function stretched(asked: Asked, key: CryptoKey, bits: number | null): Promise<Bytes> {
  const hmac = await hmacBy(secret(key), hashNameOf(asked));
  const derived = new Uint8Array(length(bits));
  const size = hashOf(asked).outputLen;
  const salt = bytesOf(asked['salt'], 'salt');
  for (let at = 0; at < derived.length; at += size) {
    let last = await hmac(joined([salt, bytesOfBig(BigInt(at / size + 1), 4)]));
    const block = last.slice();
    for (let round = 1; round < Number(asked['iterations']); round++) {
      last = await hmac(last);
      for (let i = 0; i < size; i++) block[i]! ^= last[i]!;
    }
    derived.set(block.subarray(0, derived.length - at), at);
  }
  return derived;
}
