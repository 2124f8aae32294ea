// Recipients of the newsletter, and those who are told of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestHost } from '@stepwell/sdk/testing';
import newsletter from '../src/index.js';

test('who cannot be reached is counted, and what was sent is told', async () => {
  const host = new TestHost(newsletter);
  const data = { issue: 'may', readers: 3, bounces: ['reader-1@example.com'] };
  const run = await host.execute('newsletter/issue.ready', data);
  assert.deepEqual(run.output, { sent: 2, bounced: ['reader-1@example.com'] }, run.journal);
  assert.equal(run.step('send-to-1').attempts, 1, 'who does not exist is not asked again');
  const counted = host.runs.find(({ functionId }) => functionId === 'count-issue');
  assert.deepEqual(counted?.output, { issue: 'may', sent: 2 });
});

test('a mail that fails is sent again, and no other is', async () => {
  const host = new TestHost(newsletter);
  host.fail('send-to-0', new Error('busy'), { times: 2 });
  const run = await host.execute('newsletter/issue.ready', { issue: 'may', readers: 2 });
  assert.deepEqual([run.step('send-to-0').attempts, run.step('send-to-1').attempts], [3, 1], run.journal);
});
