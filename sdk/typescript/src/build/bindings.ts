// The engine's bindings measure each text that leaves the plugin character by character, in an interpreter: a megabyte
// takes a fifth of a second, and what a step returns may have four. Here long texts are measured by one call.

/** What makes the bindings, inside of the engine's package; its version is fixed in `package.json`. */
interface Splicer {
  spliceBindings(...of: unknown[]): { jsBindings: string };
}

const BY_CHARACTER = 'for (let i = 0; i < s.length; i++) {';
const AT_ONCE = `if (s.length > 256) len = TEXT_ENCODER_UTF8.encode(s).length;\n  else ${BY_CHARACTER}`;

const hastened = new WeakSet<Splicer>();

/** Has the bindings that are made from now on measure long texts at once. */
export async function hastenTexts() {
  const engine = import.meta.resolve('@bytecodealliance/componentize-js');
  const path = new URL('../lib/spidermonkey-embedding-splicer.js', engine).href;
  const { splicer }: { splicer: Splicer } = await import(path);
  if (hastened.has(splicer)) return;
  hastened.add(splicer);
  const { spliceBindings } = splicer;
  splicer.spliceBindings = (...of) => {
    const spliced = spliceBindings(...of);
    return { ...spliced, jsBindings: spliced.jsBindings.replace(BY_CHARACTER, AT_ONCE) };
  };
}
