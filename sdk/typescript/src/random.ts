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

/** Reads and writes the state by its places: lists would take five times as long. */
function next(s: Uint32Array): number {
  const b = s[1]!;
  const c = s[2]! ^ s[0]!;
  const d = s[3]! ^ b;
  s[1] = b ^ c;
  s[0]! ^= d;
  s[2] = c ^ (b << 9);
  s[3] = rotate(d, 11);
  return Math.imul(rotate(Math.imul(b, 5), 7), 9);
}

const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));
