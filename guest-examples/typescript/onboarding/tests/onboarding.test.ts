// Ten days of a new user, in a few milliseconds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestHost } from '@stepwell/sdk/testing';
import onboarding from '../src/index.js';

const ada = { user: 'ada', email: 'ada@example.com' };

test('who posts is congratulated', async () => {
  const host = new TestHost(onboarding);
  const run = await host.execute('app/user.signed-up', ada);
  assert.equal(run.status, 'waiting');
  await host.advance('2d');
  await host.send('app/post.created', { user: 'grace' });
  assert.equal(run.status, 'waiting', 'of another one');
  await host.send('app/post.created', { user: 'ada' });
  assert.deepEqual(run.output, { user: 'ada', mails: ['welcome', 'congratulations'] }, run.journal);
});

test('who does not gets tips after three days, and a reminder a week later', async () => {
  const host = new TestHost(onboarding);
  const run = await host.execute('app/user.signed-up', ada);
  await host.advance('3d');
  assert.ok(run.step('send-tips'));
  await host.advance('7d');
  assert.deepEqual(run.output, { user: 'ada', mails: ['welcome', 'tips', 'reminder'] }, run.journal);
});

test('who leaves is left alone', async () => {
  const host = new TestHost(onboarding);
  const run = await host.execute('app/user.signed-up', ada);
  await host.send('app/user.deleted', { user: 'ada' });
  assert.equal(run.status, 'cancelled', run.journal);
});
