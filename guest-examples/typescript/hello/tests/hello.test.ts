// The smallest test: an event, and what comes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestHost } from '@stepwell/sdk/testing';
import hello from '../src/index.js';

test('a visitor is greeted', async () => {
  const run = await new TestHost(hello).execute('demo/hello', { name: 'Ada' });
  assert.equal(run.output, 'Hello, Ada!');
  assert.equal(run.step('greet').attempts, 1);
});
