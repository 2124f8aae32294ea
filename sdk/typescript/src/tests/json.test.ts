// JSON of what is nested deep.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { depthOf, writeJson } from '../json.js';

/** So deep that Node's own writer gives up. */
const DEEP = 100_000;

/** An array in an array, and so on, around a value. */
function nested(inner: unknown, levels = DEEP): unknown {
  let value = inner;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

test('a deep value is written as a shallow one is', () => {
  const inner = {
    none: undefined,
    call: () => 1,
    list: [undefined, Number.NaN, new Date(0), new String('é"')],
    empty: [{}, []],
    toJSON: undefined,
  };
  assert.throws(() => JSON.stringify(nested(inner)), RangeError);
  assert.equal(writeJson(nested(inner)), '['.repeat(DEEP) + JSON.stringify(inner) + ']'.repeat(DEEP));
  const replace = (_: string, value: unknown) => (typeof value === 'number' ? undefined : value);
  assert.equal(writeJson(nested({ a: 1, b: [2, 'x'] }), replace)?.slice(DEEP, -DEEP), '{"b":[null,"x"]}');
  const circle: unknown[] = [];
  circle.push(nested(circle));
  assert.throws(() => writeJson(circle), TypeError);
});

test('depth is counted outside of texts', () => {
  assert.equal(depthOf(String.raw`{"a\"[[[":"{{","b":[]}`), 2);
  assert.equal(depthOf(JSON.stringify(nested(1, 500))), 500);
});
