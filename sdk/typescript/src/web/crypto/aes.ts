// AES in its modes.
import { aeskw, cbc, ctr, gcm } from '@noble/ciphers/aes.js';
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

const LENGTHS = [128, 192, 256];
const TAG_BITS = 128;

const secret = (key: CryptoKey) => CryptoKey.materialOf<Bytes>(key);

function make(bytes: Bytes, wanted: Wanted): CryptoKey {
  const length = bytes.length * 8;
  if (!LENGTHS.includes(length)) throw problem('DataError', `a key of AES has 128, 192 or 256 bits, not ${length}`);
  return new CryptoKey('secret', { ...wanted, algorithm: { name: wanted.algorithm.name, length } }, bytes);
}

/** The common part of all modes; `jwk` is what JSON Web Keys call the mode. */
const keys = (jwk: string): Algorithm => ({
  generate: (wanted) => make(random(Number(wanted.algorithm['length']) / 8), wanted),
  import: (given, wanted) => make(secretOf(given), wanted),
  export(format, key) {
    if (format === 'raw') return secret(key).slice();
    if (format === 'jwk') return secretJwk(key, secret(key), `A${secret(key).length * 8}${jwk}`);
    throw unsupported(`the format ${format} of a secret key`);
  },
});

function gcmOf(asked: Asked, key: CryptoKey) {
  const bits = asked['tagLength'] ?? TAG_BITS;
  if (bits !== TAG_BITS) throw unsupported(`a tag of ${String(bits)} bits`);
  const more = asked['additionalData'];
  return gcm(secret(key), bytesOf(asked['iv'], 'iv'), more === undefined ? undefined : bytesOf(more, 'additionalData'));
}

/** The counter is counted in all its bits, whatever `length` says: it differs only where it would start anew. */
const ctrOf = (asked: Asked, key: CryptoKey) => ctr(secret(key), bytesOf(asked['counter'], 'counter'));

const cbcOf = (asked: Asked, key: CryptoKey) => cbc(secret(key), bytesOf(asked['iv'], 'iv'));

type Cipher = { encrypt(data: Uint8Array): Uint8Array; decrypt(data: Uint8Array): Uint8Array };

const mode = (jwk: string, of: (asked: Asked, key: CryptoKey) => Cipher): Algorithm => ({
  ...keys(jwk),
  encrypt: (asked, key, data) => of(asked, key).encrypt(data),
  decrypt: (asked, key, data) => of(asked, key).decrypt(data),
});

export const AES: Record<string, Algorithm> = {
  'AES-GCM': mode('GCM', gcmOf),
  'AES-CBC': mode('CBC', cbcOf),
  'AES-CTR': mode('CTR', ctrOf),
  'AES-KW': {
    ...keys('KW'),
    wrap: (key, data) => aeskw(secret(key)).encrypt(data),
    unwrap: (key, data) => aeskw(secret(key)).decrypt(data),
  },
};
