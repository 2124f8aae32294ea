// Keys of `crypto.subtle`, and what all its algorithms have in common.

export type Bytes = Uint8Array<ArrayBuffer>;
export type KeyType = 'secret' | 'private' | 'public';
export type Usage =
  | 'encrypt'
  | 'decrypt'
  | 'sign'
  | 'verify'
  | 'deriveKey'
  | 'deriveBits'
  | 'wrapKey'
  | 'unwrapKey';

/** An algorithm as it is named in a call, with its parameters. */
export interface Asked {
  name: string;
  [parameter: string]: unknown;
}

/** The options of a key when it is made. */
export interface Wanted {
  algorithm: Asked;
  extractable: boolean;
  usages: readonly Usage[];
}

export interface KeyPair {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

/** A key in one of its forms: bytes, or a JSON Web Key. */
export type Given = { format: 'raw' | 'pkcs8' | 'spki'; bytes: Bytes } | { format: 'jwk'; jwk: Jwk };

export interface Jwk {
  kty?: string;
  alg?: string;
  crv?: string;
  ext?: boolean;
  key_ops?: string[];
  [field: string]: unknown;
}

/** The operations of an algorithm; a missing one is not supported. */
export interface Algorithm {
  generate?(wanted: Wanted): CryptoKey | KeyPair;
  import(given: Given, wanted: Wanted): CryptoKey;
  export?(format: Given['format'], key: CryptoKey): Bytes | Jwk;
  encrypt?(asked: Asked, key: CryptoKey, data: Bytes): Uint8Array;
  decrypt?(asked: Asked, key: CryptoKey, data: Bytes): Uint8Array;
  sign?(asked: Asked, key: CryptoKey, data: Bytes): Uint8Array | Promise<Uint8Array>;
  verify?(asked: Asked, key: CryptoKey, signature: Bytes, data: Bytes): boolean | Promise<boolean>;
  derive?(asked: Asked, key: CryptoKey, bits: number | null): Uint8Array | Promise<Uint8Array>;
  wrap?(key: CryptoKey, data: Bytes): Uint8Array;
  unwrap?(key: CryptoKey, data: Bytes): Uint8Array;
}

export class CryptoKey {
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly algorithm: Asked;
  readonly usages: readonly Usage[];
  readonly #material: unknown;

  constructor(type: KeyType, wanted: Wanted, material: unknown, usages = wanted.usages) {
    this.type = type;
    this.extractable = type === 'public' || wanted.extractable;
    this.algorithm = wanted.algorithm;
    this.usages = [...usages];
    this.#material = material;
  }

  /** For the algorithms: what the key consists of. */
  static materialOf<T>(key: CryptoKey): T {
    return key.#material as T;
  }

  get [Symbol.toStringTag]() {
    return 'CryptoKey';
  }
}

/** A pair, each key with the usages that it can have. */
export const pair = (publicKey: CryptoKey, privateKey: CryptoKey): KeyPair => ({ publicKey, privateKey });

export const only = ({ usages }: Wanted, ...possible: Usage[]) => usages.filter((usage) => possible.includes(usage));

export const problem = (name: string, message: string) => new DOMException(message, name);

export const unsupported = (what: string) => problem('NotSupportedError', `${what} is not supported`);

/** The bytes of a parameter. */
export function bytesOf(value: unknown, name: string): Bytes {
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  throw new TypeError(`${name} has to be bytes`);
}

export const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

export function fromBase64Url(text: unknown): Bytes {
  if (typeof text !== 'string') throw problem('DataError', 'a part of the JSON Web Key is missing');
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

/** A secret key's JSON Web Key. */
export const secretJwk = (key: CryptoKey, bytes: Uint8Array, alg: string): Jwk => ({
  kty: 'oct',
  k: toBase64Url(bytes),
  alg,
  ...jwkUse(key),
});

export const jwkUse = (key: CryptoKey): Jwk => ({ key_ops: [...key.usages], ext: key.extractable });

/** The bytes of a secret key. */
export function secretOf(given: Given): Bytes {
  if (given.format === 'raw') return given.bytes;
  if (given.format !== 'jwk') throw unsupported(`the format ${given.format} of a secret key`);
  if (given.jwk.kty !== 'oct') throw problem('DataError', 'the JSON Web Key is not one of a secret key');
  return fromBase64Url(given.jwk['k']);
}
