// `Math.random` from the host's randomness: the engine's own goes on from a seed of its own, whatever is replayed.

let state: Uint32Array<ArrayBuffer> | undefined;

/** Has the generator start anew, from where the host's generator has come to. */
export function reseed() {
  state = undefined;
}

/** Puts the generator in the place of the engine's. */
export function installRandom() {
  Math.random = random;
}

/** xoshiro128**, by D. Blackman and S. Vigna; 53 bits of two outputs. */
function random(): number {
  state ??= crypto.getRandomValues(new Uint32Array(4));
  return ((next(state) >>> 5) * 2 ** 26 + (next(state) >>> 6)) / 2 ** 53;
}

function next(s: Uint32Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = s;
  const result = Math.imul(rotate(Math.imul(b, 5), 7), 9);
  const [c2, d2] = [c ^ a, d ^ b];
  s.set([a ^ d2, b ^ c2, c2 ^ (b << 9), rotate(d2, 11)]);
  return result;
}

const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));
