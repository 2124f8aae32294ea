// `crypto.subtle` of a plugin, against Node's own: what one signs, encrypts and writes, the other verifies and reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CryptoKey, KeyPair } from '../web/crypto/key.js';
import { subtle } from '../web/crypto/subtle.js';

const node = crypto.subtle as unknown as Record<string, (...given: unknown[]) => Promise<any>>;
const ours = subtle as unknown as typeof node;
const DATA = new TextEncoder().encode('what is signed and sealed');
const SIGN = ['sign', 'verify'];

/** Pairs of who makes a key and who takes it. */
const WAYS = [
  [ours, node],
  [node, ours],
] as const;

const bytes = (buffer: ArrayBuffer) => [...new Uint8Array(buffer)];

test('what one signs the other verifies, by keys in all formats', async () => {
  const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
  const cases: [object, object][] = [
    [{ name: 'RSASSA-PKCS1-v1_5', ...rsa }, { name: 'RSASSA-PKCS1-v1_5' }],
    [{ name: 'RSA-PSS', ...rsa }, { name: 'RSA-PSS', saltLength: 32 }],
    [{ name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', hash: 'SHA-256' }],
    [{ name: 'ECDSA', namedCurve: 'P-384' }, { name: 'ECDSA', hash: { name: 'SHA-256' } }],
    [{ name: 'ECDSA', namedCurve: 'P-521' }, { name: 'ECDSA', hash: 'SHA-512' }],
    [{ name: 'Ed25519' }, { name: 'Ed25519' }],
  ];
  for (const [made, used] of cases) {
    for (const [one, other] of WAYS) {
      const { publicKey, privateKey }: KeyPair = await one['generateKey']!(made, true, SIGN);
      for (const [forPrivate, forPublic] of [
        ['pkcs8', 'spki'],
        ['jwk', 'jwk'],
      ]) {
        const secret = await one['exportKey']!(forPrivate, privateKey);
        const open = await one['exportKey']!(forPublic, publicKey);
        const signer = await other['importKey']!(forPrivate, secret, made, false, ['sign']);
        const verifier = await other['importKey']!(forPublic, open, made, true, ['verify']);
        const signature = await other['sign']!(used, signer, DATA);
        assert.equal(await one['verify']!(used, publicKey, signature, DATA), true, JSON.stringify(made));
        const own = await one['sign']!(used, privateKey, DATA);
        assert.equal(await other['verify']!(used, verifier, own, DATA), true, JSON.stringify(made));
        assert.equal(await other['verify']!(used, verifier, own, DATA.slice(1)), false);
        assert.equal(await ours['verify']!(used, one === ours ? publicKey : verifier, new ArrayBuffer(3), DATA), false);
      }
    }
  }
});

test('what one encrypts the other decrypts', async () => {
  const iv = new Uint8Array(12).fill(7);
  const block = new Uint8Array(16).fill(9);
  const cases: [object, object][] = [
    [{ name: 'AES-GCM', length: 256 }, { name: 'AES-GCM', iv, additionalData: DATA }],
    [{ name: 'AES-CBC', length: 128 }, { name: 'AES-CBC', iv: block }],
    [{ name: 'AES-CTR', length: 192 }, { name: 'AES-CTR', counter: block, length: 64 }],
  ];
  for (const [made, used] of cases) {
    for (const [one, other] of WAYS) {
      const key = await one['generateKey']!(made, true, ['encrypt', 'decrypt']);
      for (const format of ['raw', 'jwk']) {
        const told = await one['exportKey']!(format, key);
        const same = await other['importKey']!(format, told, made, true, ['encrypt', 'decrypt']);
        const sealed = await one['encrypt']!(used, key, DATA);
        assert.deepEqual(bytes(await other['decrypt']!(used, same, sealed)), [...DATA], JSON.stringify(made));
      }
    }
  }
  const oaep = { name: 'RSA-OAEP', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-1' };
  const { publicKey, privateKey } = await ours['generateKey']!(oaep, true, ['encrypt', 'decrypt']);
  const open = await node['importKey']!('spki', await ours['exportKey']!('spki', publicKey), oaep, true, ['encrypt']);
  const sealed = await node['encrypt']!({ name: 'RSA-OAEP' }, open, DATA);
  assert.deepEqual(bytes(await ours['decrypt']!({ name: 'RSA-OAEP' }, privateKey, sealed)), [...DATA]);
});

test('what is derived, authenticated and wrapped is the same', async () => {
  const salt = new Uint8Array(8).fill(3);
  const cases = [
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: 100 },
    { name: 'HKDF', hash: 'SHA-512', salt, info: DATA },
  ];
  for (const asked of cases) {
    const results = await Promise.all(
      [ours, node].map(async (one) => {
        const key = await one['importKey']!('raw', DATA, asked.name, false, ['deriveBits', 'deriveKey']);
        const derived = await one['deriveKey']!(asked, key, { name: 'AES-GCM', length: 256 }, true, ['encrypt']);
        return [bytes(await one['deriveBits']!(asked, key, 256)), bytes(await one['exportKey']!('raw', derived))];
      }),
    );
    assert.deepEqual(results[0], results[1], asked.name);
  }
  const macs = await Promise.all(
    [ours, node].map(async (one) => {
      const key = await one['importKey']!('raw', DATA, { name: 'HMAC', hash: 'SHA-384' }, true, SIGN);
      const mac = await one['sign']!('HMAC', key, DATA);
      assert.equal(await one['verify']!('HMAC', key, mac, DATA), true);
      return [bytes(mac), await one['exportKey']!('jwk', key)];
    }),
  );
  assert.deepEqual(macs[0], macs[1]);
  for (const namedCurve of ['P-256', 'P-384', 'P-521']) {
    const name = { name: 'ECDH', namedCurve };
    const [mine, theirs] = await Promise.all(
      [ours, node].map((one): Promise<KeyPair> => one['generateKey']!(name, true, ['deriveBits'])),
    );
    const across = async (from: typeof node, to: typeof node, key: CryptoKey) =>
      to['importKey']!('raw', await from['exportKey']!('raw', key), name, true, []);
    const left = { name: 'ECDH', public: await across(node, ours, theirs!.publicKey) };
    const right = { name: 'ECDH', public: await across(ours, node, mine!.publicKey) };
    assert.deepEqual(
      bytes(await ours['deriveBits']!(left, mine!.privateKey, 256)),
      bytes(await node['deriveBits']!(right, theirs!.privateKey, 256)),
    );
  }
  const wrapped = await Promise.all(
    [ours, node].map(async (one) => {
      const wrapping = await one['importKey']!('raw', new Uint8Array(16), 'AES-KW', false, ['wrapKey', 'unwrapKey']);
      const key = await one['importKey']!('raw', new Uint8Array(32).fill(5), 'AES-GCM', true, ['encrypt']);
      const out = await one['wrapKey']!('raw', key, wrapping, 'AES-KW');
      const back = await one['unwrapKey']!('raw', out, wrapping, 'AES-KW', 'AES-GCM', true, ['encrypt']);
      assert.deepEqual(bytes(await one['exportKey']!('raw', back)), Array(32).fill(5));
      return bytes(out);
    }),
  );
  assert.deepEqual(wrapped[0], wrapped[1]);
});

test('what a key may not be used for is refused', async () => {
  const key = await ours['importKey']!('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt']);
  const named = (name: string) => (error: Error) => error.name === name;
  const gcm = { name: 'AES-GCM', iv: new Uint8Array(12) };
  await assert.rejects(ours['decrypt']!(gcm, key, DATA), named('InvalidAccessError'));
  await assert.rejects(ours['exportKey']!('raw', key), named('InvalidAccessError'));
  await assert.rejects(ours['importKey']!('raw', new Uint8Array(3), 'AES-GCM', true, []), named('DataError'));
  await assert.rejects(ours['importKey']!('raw', DATA, 'ROT13', true, []), named('NotSupportedError'));
  await assert.rejects(ours['importKey']!('pkcs8', DATA, { name: 'Ed25519' }, true, []), named('DataError'));
  const opener = await ours['importKey']!('raw', new Uint8Array(16), 'AES-GCM', false, ['decrypt']);
  await assert.rejects(ours['decrypt']!(gcm, opener, DATA), named('OperationError'));
});
