// The engine's bindings, made faster, and the rehearsal.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { faster, splicer } from '../build/bindings.js';
import { rehearse } from '../rehearsal.js';

const engine = import.meta.resolve('@bytecodealliance/componentize-js');
const wasm = readFileSync(new URL('../lib/starlingmonkey_embedding.wasm', engine));
const wit = fileURLToPath(new URL('../wit', import.meta.url));
const features = ['stdio', 'random', 'clocks', 'http', 'fetch-event'];
const slow = (await splicer()).spliceBindings(wasm, features, undefined, wit, 'guest', false).jsBindings;
const bindings = faster(slow);

test('the bindings of this version of the engine are made faster in every respect', () => {
  assert.match(slow, /_debugLog\('.*codepoints|codepoints.*_debugLog\('/s);
  assert.doesNotMatch(bindings, /_debugLog\('|codepoints/);
  assert.match(bindings, /buffer !== viewed/);
  new Function('$bindings', bindings); // it is a script
});

test('texts go out as they did', () => {
  const parts = [/^function _utf8AllocateAndEncode[^]*?^}/m, /^const KNOWN_TEXTS[^]*?^};/m];
  const source = parts.map((part) => part.exec(bindings)?.[0]).join('\n');
  const memory = { buffer: new ArrayBuffer(10_000) };
  const allocate = new Function('TEXT_ENCODER_UTF8', `${source}; return _utf8AllocateAndEncode;`)(new TextEncoder());
  const out = (text: string) => {
    const { ptr, len } = allocate(text, () => 8, memory);
    return Buffer.from(memory.buffer, ptr, len).toString();
  };
  for (const text of ['', 'a', 'é€😀', 'é€😀'.repeat(300), 'a']) assert.equal(out(text), text);
  for (let n = 0; n < 1000; n++) assert.equal(out(`step ${n}`), `step ${n}`);
  memory.buffer = new ArrayBuffer(20_000);
  assert.equal(out('a'), 'a', 'the memory has grown');
  assert.equal(out('half \ud83d'), 'half \ufffd');
  assert.throws(() => out(1 as never), TypeError);
});

test('the rehearsal plays to its end without a timer', async (t) => {
  t.mock.method(globalThis, 'setTimeout', () => assert.fail('a build has no timers'));
  const first = { list: [1, 'two'] };
  assert.deepEqual(await rehearse(), { tag: 'completed', val: JSON.stringify({ first, both: [1, null] }) });
});
