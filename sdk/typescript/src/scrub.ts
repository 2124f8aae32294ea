// Memory that the engine has freed while a plugin was built. It is part of the image that each execution starts from, unless
// it is zero: the syntax trees of the modules are several times as large as their text.

/** The size of the modules' text in bytes, where the build leaves it. */
const SIZE = Symbol.for('stepwell.size');

/** Sizes of blocks in bytes, the largest first, and how many times the text's size the blocks of each size are together. */
const BLOCKS = [
  [1 << 20, 4],
  [1 << 16, 2],
  [1 << 12, 1],
] as const;

/** Writes zeros to memory that is free, by taking it for a moment. */
export function scrub() {
  const size = Number(Reflect.get(globalThis, SIZE) ?? 0);
  const taken = BLOCKS.flatMap(([block, share]) =>
    Array.from({ length: Math.ceil((size * share) / block) }, () => new ArrayBuffer(block)),
  );
  // Gives it back at once, not when garbage is collected.
  for (const buffer of taken) buffer.transfer(0);
}
