// RSA: signatures (PKCS #1 v1.5, PSS) and encryption (OAEP).
import * as rsa from 'micro-rsa-dsa-dh/rsa.js';
import { bigOf, bits, bytesOfBig, DerReader, integer, nothing, octets, oid, sequence } from './der.js';
import { digitsOf, hashNameOf, hashOf } from './hashes.js';
import {
  bytesOf,
  CryptoKey,
  fromBase64Url,
  jwkUse,
  only,
  pair,
  problem,
  toBase64Url,
  unsupported,
  type Algorithm,
  type Asked,
  type Bytes,
  type Given,
  type Jwk,
  type Usage,
  type Wanted,
} from './key.js';

const RSA = '2a864886f70d010101';

/** All numbers of a key, as JSON Web Keys name them; of a public one the first two. */
const PARTS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;

type Numbers = Partial<Record<(typeof PARTS)[number], bigint>> & { n: bigint; e: bigint };

const numbers = (key: CryptoKey) => CryptoKey.materialOf<Numbers>(key);

/** The same with `d`. */
function secret(key: CryptoKey): Numbers & { d: bigint } {
  const { d, ...others } = numbers(key);
  if (d === undefined) throw problem('InvalidAccessError', 'the key is not a private one');
  return { ...others, d };
}

function make(material: Numbers, wanted: Wanted, usages?: readonly Usage[]): CryptoKey {
  const algorithm = {
    name: wanted.algorithm.name,
    modulusLength: material.n.toString(2).length,
    publicExponent: bytesOfBig(material.e),
    hash: { name: hashNameOf(wanted.algorithm) },
  };
  return new CryptoKey(material.d === undefined ? 'public' : 'private', { ...wanted, algorithm }, material, usages);
}

function read(given: Given): Numbers {
  switch (given.format) {
    case 'jwk':
      return fromJwk(given.jwk);
    case 'spki': {
      const key = new DerReader(given.bytes).sequence();
      ours(key.sequence());
      const [n, e] = integers(new DerReader(key.bits()).sequence());
      return { n: n!, e: e! };
    }
    case 'pkcs8': {
      const key = new DerReader(given.bytes).sequence();
      key.integer();
      ours(key.sequence());
      const [, ...all] = integers(new DerReader(key.octets()).sequence());
      return Object.fromEntries(PARTS.map((part, i) => [part, all[i]])) as Numbers;
    }
    default:
      throw unsupported(`the format ${given.format} of a key of RSA`);
  }
}

function ours(algorithm: DerReader) {
  if (algorithm.oid() !== RSA) throw problem('DataError', 'the key is not one of RSA');
}

function integers(reader: DerReader): bigint[] {
  const all = [];
  while (!reader.isAtEnd) all.push(reader.integer());
  return all;
}

function fromJwk(jwk: Jwk): Numbers {
  if (jwk.kty !== 'RSA') throw problem('DataError', 'the JSON Web Key is not one of RSA');
  const known = PARTS.filter((part) => jwk[part] !== undefined);
  return Object.fromEntries(known.map((part) => [part, bigOf(fromBase64Url(jwk[part]))])) as Numbers;
}

function write(format: Given['format'], key: CryptoKey, jwk: string): Bytes | Jwk {
  const all = numbers(key);
  const algorithm = sequence(oid(RSA), nothing());
  if (format === 'jwk') {
    const parts = PARTS.filter((part) => all[part] !== undefined);
    const told = Object.fromEntries(parts.map((part) => [part, toBase64Url(bytesOfBig(all[part]!))]));
    return { kty: 'RSA', ...told, alg: jwk, ...jwkUse(key) };
  }
  if (format === 'spki' && key.type === 'public') {
    return sequence(algorithm, bits(sequence(integer(all.n), integer(all.e))));
  }
  if (format === 'pkcs8' && key.type === 'private') {
    const parts = PARTS.map((part) => integer(all[part] ?? 0n));
    return sequence(integer(0n), algorithm, octets(sequence(integer(0n), ...parts)));
  }
  throw problem('InvalidAccessError', `a ${key.type} key of RSA cannot be written as ${format}`);
}

function generate(wanted: Wanted, forPublic: Usage[], forPrivate: Usage[]) {
  const e = bigOf(bytesOf(wanted.algorithm['publicExponent'], 'publicExponent'));
  const { p, q } = rsa.IFCPrimes(Number(wanted.algorithm['modulusLength']), e);
  const d = inverse(e, (p - 1n) * (q - 1n));
  const [n, dp, dq, qi] = [p * q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
  return pair(
    make({ n, e }, wanted, only(wanted, ...forPublic)),
    make({ n, e, d, p, q, dp, dq, qi }, wanted, only(wanted, ...forPrivate)),
  );
}

/** The x for which `a * x` leaves 1 (extended Euclid). */
function inverse(a: bigint, modulus: bigint): bigint {
  let [rest, next, x, nextX] = [modulus, a % modulus, 0n, 1n];
  while (next !== 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [x, nextX] = [nextX, x - quotient * nextX];
  }
  return ((x % modulus) + modulus) % modulus;
}

const keys = (jwkOf: (asked: Asked) => string, forPublic: Usage[], forPrivate: Usage[]): Algorithm => ({
  generate: (wanted) => generate(wanted, forPublic, forPrivate),
  import: (given, wanted) => make(read(given), wanted),
  export: (format, key) => write(format, key, jwkOf(key.algorithm)),
});

const PKCS1 = {
  'SHA-1': rsa.PKCS1_SHA1,
  'SHA-256': rsa.PKCS1_SHA256,
  'SHA-384': rsa.PKCS1_SHA384,
  'SHA-512': rsa.PKCS1_SHA512,
};

const pkcs1 = (key: CryptoKey) => PKCS1[hashNameOf(key.algorithm)];

function pss(asked: Asked, key: CryptoKey) {
  const hash = hashOf(key.algorithm);
  return rsa.PSS(hash, rsa.mgf1(hash), Number(asked['saltLength']));
}

function oaep(asked: Asked, key: CryptoKey) {
  const hash = hashOf(key.algorithm);
  const label = asked['label'] === undefined ? undefined : bytesOf(asked['label'], 'label');
  return rsa.OAEP(hash, rsa.mgf1(hash), label);
}

/** A signature that is not even well formed is not valid. */
function holds(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}

const oaepName = (asked: Asked) => `RSA-OAEP${digitsOf(asked) === '1' ? '' : `-${digitsOf(asked)}`}`;

export const RSAS: Record<string, Algorithm> = {
  'RSASSA-PKCS1-v1_5': {
    ...keys((asked) => `RS${digitsOf(asked)}`, ['verify'], ['sign']),
    sign: (_, key, data) => pkcs1(key).sign(secret(key), data),
    verify: (_, key, signature, data) => holds(() => pkcs1(key).verify(numbers(key), data, signature)),
  },
  'RSA-PSS': {
    ...keys((asked) => `PS${digitsOf(asked)}`, ['verify'], ['sign']),
    sign: (asked, key, data) => pss(asked, key).sign(secret(key), data),
    verify: (asked, key, signature, data) => holds(() => pss(asked, key).verify(numbers(key), data, signature)),
  },
  'RSA-OAEP': {
    ...keys(oaepName, ['encrypt', 'wrapKey'], ['decrypt', 'unwrapKey']),
    encrypt: (asked, key, data) => oaep(asked, key).encrypt(numbers(key), data),
    decrypt: (asked, key, data) => oaep(asked, key).decrypt(secret(key), data),
  },
};
