// Elliptic curves: ECDSA and ECDH over NIST's, Ed25519 and X25519.
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { bits, DerReader, integer, joined, marked, octets, oid, sequence } from './der.js';
import { hashOf } from './hashes.js';
import {
  CryptoKey,
  fromBase64Url,
  jwkUse,
  only,
  pair,
  problem,
  toBase64Url,
  unsupported,
  type Algorithm,
  type Bytes,
  type Given,
  type Jwk,
  type Usage,
  type Wanted,
} from './key.js';

const EC = '2a8648ce3d0201';

/** A family's curve: how its keys look. */
interface Curve {
  /** Of the key, or of its curve's parameter. */
  oid: string;
  kty: 'EC' | 'OKP';
  /** Bytes of a coordinate, or of a key. */
  size: number;
  publicOf(secret: Bytes): Uint8Array;
  generate(): Uint8Array;
  shared?(secret: Bytes, other: Bytes): Uint8Array;
}

interface Material {
  curve: string;
  secret?: Bytes;
  /** Of NIST's curves both coordinates behind a 4. */
  point: Bytes;
}

const nist = (curve: typeof p256, oid: string, size: number): Curve & { of: typeof p256 } => ({
  oid,
  kty: 'EC',
  size,
  of: curve,
  publicOf: (secret) => curve.getPublicKey(secret, false),
  generate: () => curve.utils.randomSecretKey(),
  shared: (secret, other) => curve.getSharedSecret(secret, other).slice(1, 1 + size),
});

const NIST = {
  'P-256': nist(p256, '2a8648ce3d030107', 32),
  'P-384': nist(p384, '2b81040022', 48),
  'P-521': nist(p521, '2b81040023', 66),
};

const OTHERS: Record<string, Curve> = {
  Ed25519: {
    oid: '2b6570',
    kty: 'OKP',
    size: 32,
    publicOf: (secret) => ed25519.getPublicKey(secret),
    generate: () => ed25519.utils.randomSecretKey(),
  },
  X25519: {
    oid: '2b656e',
    kty: 'OKP',
    size: 32,
    publicOf: (secret) => x25519.getPublicKey(secret),
    generate: () => x25519.utils.randomSecretKey(),
    shared: (secret, other) => x25519.getSharedSecret(secret, other),
  },
};

const CURVES: Record<string, Curve> = { ...NIST, ...OTHERS };

const material = (key: CryptoKey) => CryptoKey.materialOf<Material>(key);

function secretOf(key: CryptoKey): Bytes {
  const { secret } = material(key);
  if (!secret) throw problem('InvalidAccessError', 'the key is not a private one');
  return secret;
}

/** The curve that a key is to be on. */
function curveOf({ algorithm }: Wanted): [string, Curve] {
  const name = algorithm.name in OTHERS ? algorithm.name : String(algorithm['namedCurve']);
  const curve = CURVES[name];
  if (!curve || (curve.kty === 'EC') === algorithm.name in OTHERS) throw unsupported(`the curve ${name}`);
  return [name, curve];
}

function make(made: Material, wanted: Wanted, usages?: readonly Usage[]): CryptoKey {
  const { name } = wanted.algorithm;
  const algorithm = name in OTHERS ? { name } : { name, namedCurve: made.curve };
  return new CryptoKey(made.secret ? 'private' : 'public', { ...wanted, algorithm }, made, usages);
}

function read(given: Given, name: string, curve: Curve): Material {
  const whole = (secret: Bytes): Material => ({ curve: name, secret, point: new Uint8Array(curve.publicOf(secret)) });
  switch (given.format) {
    case 'raw':
      return { curve: name, point: given.bytes };
    case 'jwk':
      return fromJwk(given.jwk, name, curve, whole);
    case 'spki': {
      const key = new DerReader(given.bytes).sequence();
      ours(key.sequence(), curve);
      return { curve: name, point: key.bits() };
    }
    case 'pkcs8': {
      const key = new DerReader(given.bytes).sequence();
      key.integer();
      ours(key.sequence(), curve);
      const inner = new DerReader(key.octets());
      if (curve.kty === 'OKP') return whole(inner.octets());
      const secret = inner.sequence();
      secret.integer();
      return whole(secret.octets());
    }
  }
}

function ours(algorithm: DerReader, { kty, oid }: Curve) {
  const found = [algorithm.oid(), ...(kty === 'EC' ? [algorithm.oid()] : [])];
  const wanted = kty === 'EC' ? [EC, oid] : [oid];
  if (found.join() !== wanted.join()) throw problem('DataError', 'the key is not one of that curve');
}

function fromJwk(jwk: Jwk, name: string, { kty }: Curve, whole: (secret: Bytes) => Material): Material {
  if (jwk.kty !== kty || jwk.crv !== name) throw problem('DataError', `the JSON Web Key is not one of ${name}`);
  if (jwk['d'] !== undefined) return whole(fromBase64Url(jwk['d']));
  const x = fromBase64Url(jwk['x']);
  const point = kty === 'OKP' ? x : joined([Uint8Array.of(4), x, fromBase64Url(jwk['y'])]);
  return { curve: name, point };
}

function write(format: Given['format'], key: CryptoKey): Bytes | Jwk {
  const { curve: name, secret, point } = material(key);
  const curve = CURVES[name]!;
  const algorithm = curve.kty === 'EC' ? sequence(oid(EC), oid(curve.oid)) : sequence(oid(curve.oid));
  if (format === 'jwk') {
    const [x, y] = [point.slice(1, 1 + curve.size), point.slice(1 + curve.size)].map(toBase64Url);
    const parts = curve.kty === 'EC' ? { x, y } : { x: toBase64Url(point) };
    return { kty: curve.kty, crv: name, ...parts, ...(secret ? { d: toBase64Url(secret) } : {}), ...jwkUse(key) };
  }
  if (format === 'raw' && !secret) return point.slice();
  if (format === 'spki' && !secret) return sequence(algorithm, bits(point));
  if (format === 'pkcs8' && secret) {
    const inner = curve.kty === 'EC' ? sequence(integer(1n), octets(secret), marked(1, bits(point))) : octets(secret);
    return sequence(integer(0n), algorithm, octets(inner));
  }
  throw problem('InvalidAccessError', `a ${key.type} key cannot be written as ${format}`);
}

const keys = (forPublic: Usage[], forPrivate: Usage[]): Algorithm => ({
  generate(wanted) {
    const [name, curve] = curveOf(wanted);
    const secret = new Uint8Array(curve.generate());
    const point = new Uint8Array(curve.publicOf(secret));
    return pair(
      make({ curve: name, point }, wanted, only(wanted, ...forPublic)),
      make({ curve: name, secret, point }, wanted, only(wanted, ...forPrivate)),
    );
  },
  import: (given, wanted) => make(read(given, ...curveOf(wanted)), wanted),
  export: write,
});

/** The hash is any, and the signature may be either of two, as WebCrypto has it. */
const HOW = { prehash: false, lowS: false };

const agreement: Algorithm = {
  ...keys([], ['deriveKey', 'deriveBits']),
  derive(asked, key, length) {
    const other = asked['public'];
    if (!(other instanceof CryptoKey)) throw new TypeError('the parameter "public" is not a key');
    const { curve, point } = material(other);
    if (curve !== material(key).curve) throw problem('InvalidAccessError', 'the keys are of different curves');
    const shared = CURVES[curve]!.shared!(secretOf(key), point);
    return length === null ? shared : shared.slice(0, Math.ceil(length / 8));
  },
};

const nistOf = (key: CryptoKey) => NIST[material(key).curve as keyof typeof NIST].of;

export const ELLIPTIC: Record<string, Algorithm> = {
  ECDSA: {
    ...keys(['verify'], ['sign']),
    sign: (asked, key, data) => nistOf(key).sign(hashOf(asked)(data), secretOf(key), HOW),
    verify: (asked, key, signature, data) =>
      holds(() => nistOf(key).verify(signature, hashOf(asked)(data), material(key).point, HOW)),
  },
  ECDH: agreement,
  X25519: agreement,
  Ed25519: {
    ...keys(['verify'], ['sign']),
    sign: (_, key, data) => ed25519.sign(data, secretOf(key)),
    verify: (_, key, signature, data) => holds(() => ed25519.verify(signature, data, material(key).point)),
  },
};

/** A signature that is not even well formed is not valid. */
function holds(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}
