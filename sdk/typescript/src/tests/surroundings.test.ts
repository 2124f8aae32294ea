// Surroundings of a plugin in place of the engine's own: variables, and randomness that replays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grant, installEnvironment, READS_VARIABLE } from '../environment.js';
import { installRandom, reseed } from '../random.js';

test('a variable that is read while a plugin is built has the build start over; they are read once granted', (t) => {
  const own = process;
  t.after(() => (globalThis.process = own));
  installEnvironment();
  assert.deepEqual(Object.keys(process.env), []);
  process.env['SET'] = 'by the module';
  assert.equal(process.env['SET'], 'by the module');
  assert.throws(() => process.env['TOKEN'], READS_VARIABLE);
  grant(() => [['TOKEN', 'xoxb']]);
  assert.deepEqual({ ...process.env }, { SET: 'by the module', TOKEN: 'xoxb' });
  assert.equal('NONE' in process.env, false);
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
