// A listener to failures hears of those of other functions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFunction, plugin } from '@stepwell/sdk';
import { TestHost } from '@stepwell/sdk/testing';
import reporter from '../src/index.js';

const breaks = createFunction({ id: 'breaks', retries: 0 }, { event: 'go' }, () => {
  throw Object.assign(new RangeError('too far'), { code: 'E_FAR' });
});

test('a failure is reported, with its code', async () => {
  const host = new TestHost(plugin(breaks, ...reporter.functions), { plugin: 'shop' });
  await host.execute('go');
  const report = host.runs.find(({ functionId }) => functionId === 'report-failures');
  assert.equal(report?.output, 'shop-breaks: RangeError: too far');
  assert.deepEqual([report.log[0]?.level, report.log[0]?.fields['code']], ['error', 'E_FAR']);
});
