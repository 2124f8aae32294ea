// The engine's bindings, which pass all that goes into and out of a plugin, are JavaScript too, and run in an
// interpreter: here they do the same with fewer words. Their version is fixed in `package.json`.

/** The module that makes the bindings, inside of the engine's package. */
interface Splicer {
  spliceBindings(...of: unknown[]): { jsBindings: string };
}

/** Texts on their way out: measured character by character, a megabyte would take a fifth of a second. */
const TEXT_OUT = /(?<=^function _utf8AllocateAndEncode\(.*\n(?:.*\n)*?)  let len = 0;\n(?:.*\n)*?  return res;\n/m;
const TEXT_OUT_AT_ONCE = `  if (s.length > 256) {
    const bytes = TEXT_ENCODER_UTF8.encode(s);
    const ptr = realloc(0, 0, 1, bytes.length);
    new Uint8Array(memory.buffer, ptr, bytes.length).set(bytes);
    return { ptr, len: bytes.length };
  }
  let bytes = KNOWN_TEXTS.get(s);
  if (bytes === undefined) {
    bytes = TEXT_ENCODER_UTF8.encode(s);
    if (s.length <= 64 && KNOWN_TEXTS.size < 256) KNOWN_TEXTS.set(s, bytes);
  }
  const ptr = realloc(0, 0, 1, bytes.length);
  byteView(memory).set(bytes, ptr);
  return { ptr, len: bytes.length };
`;

/** Short texts that have gone out, in UTF-8: kinds of operations and their ids go out again and again. */
const KNOWN_TEXTS = `
const KNOWN_TEXTS = new Map();
let bytesOfMemory = new Uint8Array();
const byteView = (memory) => {
  const buffer = memory.buffer;
  if (buffer !== bytesOfMemory.buffer) bytesOfMemory = new Uint8Array(buffer);
  return bytesOfMemory;
};
`;

/** Each number on its way in or out asks for the memory twice. */
const VIEW = 'const dataView = mem => dv.buffer === mem.buffer ? dv : dv = new DataView(mem.buffer);';
const VIEW_ASKED_ONCE = `let viewed = dv.buffer;
const dataView = mem => {
  const buffer = mem.buffer;
  if (buffer !== viewed) dv = new DataView(viewed = buffer);
  return dv;
};`;

/** The line that each call would write if it were debugged. */
const SAID = /^ *_debugLog\('[^']*'(?:, \{[^}]*\})?\);\n/gm;

/**
 * The engine makes a global scope's classes and much else when they are first used. What is used while the plugin is
 * built is there at each start.
 */
const REHEARSAL = `
{
  const { ptr, len } = _utf8AllocateAndEncode('é', $realloc, $memory);
  dataView($memory).setUint8(ptr, dataView($memory).getUint8(ptr));
  const read = async (bytes) => [await TEXT_DECODER_UTF8.decode(bytes)];
  void read(new Uint8Array($memory.buffer, ptr, len)).then(() => $dealloc(ptr, len, 1));
}
`;

/** The same bindings, but faster. */
export const faster = (bindings: string): string =>
  bindings.replace(TEXT_OUT, () => TEXT_OUT_AT_ONCE).replace(VIEW, VIEW_ASKED_ONCE).replace(SAID, '') + KNOWN_TEXTS + REHEARSAL;

const hastened = new WeakSet<Splicer>();

/** The engine's own maker of bindings. */
export async function splicer(): Promise<Splicer> {
  const engine = import.meta.resolve('@bytecodealliance/componentize-js');
  const path = new URL('../lib/spidermonkey-embedding-splicer.js', engine).href;
  return (await import(path)).splicer;
}

/** Has the bindings that are made from now on be {@link faster}. */
export async function hastenBindings() {
  const maker = await splicer();
  if (hastened.has(maker)) return;
  hastened.add(maker);
  const { spliceBindings } = maker;
  maker.spliceBindings = (...of) => {
    const spliced = spliceBindings(...of);
    return { ...spliced, jsBindings: faster(spliced.jsBindings) };
  };
}
