// `crypto.subtle` beyond what the engine has of it: keys of all kinds, and what is done with them.
import { AES } from './aes.js';
import {
  bytesOf,
  CryptoKey,
  problem,
  unsupported,
  type Algorithm,
  type Asked,
  type Bytes,
  type Given,
  type Jwk,
  type KeyPair,
  type Usage,
} from './key.js';
import { RSAS } from './rsa.js';
import { SECRETS } from './secrets.js';

/** Algorithms of curves are added when they are first named: their library tries the generator when it is loaded. */
const ALGORITHMS: Record<string, Algorithm> = { ...AES, ...RSAS, ...SECRETS };
const OF_CURVES = ['ECDSA', 'ECDH', 'Ed25519', 'X25519'];

type Named = string | Asked;

/** All but `digest`, which the engine has. */
export const subtle = {
  async generateKey(named: Named, extractable: boolean, usages: Usage[]): Promise<CryptoKey | KeyPair> {
    const [algorithm, asked] = await known(named);
    return can(algorithm.generate, asked.name, 'generateKey')({ algorithm: asked, extractable, usages });
  },

  async importKey(format: string, data: unknown, named: Named, extractable: boolean, usages: Usage[]) {
    const [algorithm, asked] = await known(named);
    return algorithm.import(givenOf(format, data), { algorithm: asked, extractable, usages });
  },

  async exportKey(format: string, key: CryptoKey): Promise<ArrayBuffer | Jwk> {
    return exported(formatOf(format), key);
  },

  async encrypt(named: Named, key: CryptoKey, data: unknown): Promise<ArrayBuffer> {
    return encrypted(named, key, 'encrypt', bytesOf(data, 'the data'));
  },

  async decrypt(named: Named, key: CryptoKey, data: unknown): Promise<ArrayBuffer> {
    return decrypted(named, key, 'decrypt', bytesOf(data, 'the data'));
  },

  async sign(named: Named, key: CryptoKey, data: unknown): Promise<ArrayBuffer> {
    const [{ sign }, asked] = await used(named, key, 'sign');
    return buffer(await can(sign, asked.name, 'sign')(asked, key, bytesOf(data, 'the data')));
  },

  async verify(named: Named, key: CryptoKey, signature: unknown, data: unknown): Promise<boolean> {
    const [{ verify }, asked] = await used(named, key, 'verify');
    return can(verify, asked.name, 'verify')(asked, key, bytesOf(signature, 'the signature'), bytesOf(data, 'the data'));
  },

  async deriveBits(named: Named, key: CryptoKey, length: number | null = null): Promise<ArrayBuffer> {
    const [{ derive }, asked] = await used(named, key, 'deriveBits');
    return buffer(await can(derive, asked.name, 'deriveBits')(asked, key, length));
  },

  async deriveKey(named: Named, key: CryptoKey, wanted: Named, extractable: boolean, usages: Usage[]) {
    const [{ derive }, asked] = await used(named, key, 'deriveKey');
    const [algorithm, of] = await known(wanted);
    const bytes = await can(derive, asked.name, 'deriveKey')(asked, key, lengthOf(of));
    return algorithm.import({ format: 'raw', bytes: new Uint8Array(bytes) }, { algorithm: of, extractable, usages });
  },

  async wrapKey(format: string, key: CryptoKey, wrapping: CryptoKey, named: Named): Promise<ArrayBuffer> {
    const out = exported(formatOf(format), key);
    const bytes = out instanceof ArrayBuffer ? new Uint8Array(out) : new TextEncoder().encode(JSON.stringify(out));
    const [{ wrap }] = await used(named, wrapping, 'wrapKey');
    return wrap ? buffer(wrap(wrapping, bytes)) : encrypted(named, wrapping, 'wrapKey', bytes);
  },

  async unwrapKey(
    format: string,
    wrapped: unknown,
    unwrapping: CryptoKey,
    named: Named,
    keyNamed: Named,
    extractable: boolean,
    usages: Usage[],
  ) {
    const data = bytesOf(wrapped, 'the wrapped key');
    const [{ unwrap }] = await used(named, unwrapping, 'unwrapKey');
    const plain = unwrap
      ? failing(() => unwrap(unwrapping, data))
      : await decrypted(named, unwrapping, 'unwrapKey', data);
    const bytes = new Uint8Array(plain);
    const given = format === 'jwk' ? JSON.parse(new TextDecoder().decode(bytes)) : bytes;
    const [algorithm, asked] = await known(keyNamed);
    return algorithm.import(givenOf(format, given), { algorithm: asked, extractable, usages });
  },
};

async function known(named: Named): Promise<[Algorithm, Asked]> {
  const asked = typeof named === 'string' ? { name: named } : named;
  const names = [...Object.keys(ALGORITHMS), ...OF_CURVES];
  const name = names.find((known) => known.toLowerCase() === String(asked?.name).toLowerCase());
  if (name === undefined) throw unsupported(`the algorithm ${String(asked?.name)}`);
  if (!(name in ALGORITHMS)) Object.assign(ALGORITHMS, (await import('./curves.js')).ELLIPTIC);
  return [ALGORITHMS[name]!, { ...asked, name }];
}

/** The algorithm that the key is to be used by. */
async function used(named: Named, key: unknown, usage: Usage): Promise<[Algorithm, Asked]> {
  if (!(key instanceof CryptoKey)) throw new TypeError('the key is not a CryptoKey');
  const [algorithm, asked] = await known(named);
  if (key.algorithm.name !== asked.name) throw problem('InvalidAccessError', `the key is not one of ${asked.name}`);
  const enough = key.usages.includes(usage) || (usage === 'deriveBits' && key.usages.includes('deriveKey'));
  if (!enough) throw problem('InvalidAccessError', `the key may not be used to ${usage}`);
  return [algorithm, asked];
}

function can<F>(function_: F | undefined, name: string, what: string): F {
  if (function_ === undefined) throw unsupported(`${what} by ${name}`);
  return function_;
}

async function encrypted(named: Named, key: CryptoKey, usage: Usage, data: Bytes): Promise<ArrayBuffer> {
  const [{ encrypt }, asked] = await used(named, key, usage);
  return buffer(can(encrypt, asked.name, usage)(asked, key, data));
}

async function decrypted(named: Named, key: CryptoKey, usage: Usage, data: Bytes): Promise<ArrayBuffer> {
  const [{ decrypt }, asked] = await used(named, key, usage);
  return buffer(failing(() => can(decrypt, asked.name, usage)(asked, key, data)));
}

/** Fails alike for all that was not encrypted by that key. */
function failing<T>(decrypt: () => T): T {
  try {
    return decrypt();
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) throw error;
    throw problem('OperationError', 'what is to be decrypted was not encrypted by that key, or has been changed');
  }
}

function exported(format: Given['format'], key: CryptoKey): ArrayBuffer | Jwk {
  if (!(key instanceof CryptoKey)) throw new TypeError('the key is not a CryptoKey');
  if (!key.extractable) throw problem('InvalidAccessError', 'the key is not extractable');
  const out = can(ALGORITHMS[key.algorithm.name]!.export, key.algorithm.name, 'exportKey')(format, key);
  return out instanceof Uint8Array ? buffer(out) : out;
}

function formatOf(format: string): Given['format'] {
  if (format === 'raw' || format === 'pkcs8' || format === 'spki' || format === 'jwk') return format;
  throw unsupported(`the format ${format}`);
}

function givenOf(named: string, data: unknown): Given {
  const format = formatOf(named);
  return format === 'jwk' ? { format, jwk: data as Jwk } : { format, bytes: bytesOf(data, 'the key') };
}

/** How many bits a key of that algorithm takes. */
function lengthOf({ name, length, hash }: Asked): number | null {
  if (length !== undefined) return Number(length);
  if (name !== 'HMAC') return null;
  const digits = /\d+$/.exec(typeof hash === 'string' ? hash : String((hash as Asked)?.name))?.[0];
  return Number(digits) > 256 ? 1024 : 512;
}

const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
