// What a plugin finds around it in place of the engine's own: variables, and randomness that replays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grant, installEnvironment } from '../environment.js';
import { installRandom, reseed } from '../random.js';

test('variables are empty while a plugin is built, with a warning, and are read once they are granted', (t) => {
  const own = process.env;
  t.after(() => (process.env = own));
  const said = t.mock.method(console, 'log', () => {});
  installEnvironment();
  assert.deepEqual([process.env['TOKEN'], Object.keys(process.env)], [undefined, []]);
  assert.match(
    String(said.mock.calls[0]?.arguments[0]),
    /^warning: .* reads process\.env\.TOKEN while the plugin is being built/,
  );
  process.env['SET'] = 'by the module';
  grant(() => [['TOKEN', 'xoxb']]);
  assert.deepEqual({ ...process.env }, { SET: 'by the module', TOKEN: 'xoxb' });
  assert.equal('NONE' in process.env, false);
  assert.equal(said.mock.callCount(), 1, 'nothing is wrong with reading them now');
});

test('random numbers start anew from where the host has come to', (t) => {
  const own = Math.random;
  t.after(() => (Math.random = own));
  t.mock.method(crypto, 'getRandomValues', (seed: Uint32Array) => seed.map((_, i) => i + 1));
  installRandom();
  const draw = () => {
    reseed();
    return Array.from({ length: 100 }, () => Math.random());
  };
  const first = draw();
  assert.deepEqual(draw(), first);
  assert(first.every((number) => number >= 0 && number < 1) && new Set(first).size === 100);
  const mean = first.reduce((sum, number) => sum + number) / 100;
  assert(mean > 0.35 && mean < 0.65, `${mean}`);
});
