// A model that answers, is busy, refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestHost } from '@stepwell/sdk/testing';
import model from '../src/index.js';

const page = { page: '/intro', text: 'Steps are remembered.' };
const answer = () => Response.json({ content: [{ text: 'It is about steps.' }] });

/** Has `fetch` answer so, one after the other, for as long as the test takes. */
function answers(t: { mock: typeof test.mock }, ...responses: Response[]) {
  process.env['MODEL_URL'] = 'https://model.example';
  return t.mock.method(globalThis, 'fetch', async () => responses.shift());
}

test('a page is summarized', async (t) => {
  const { mock } = answers(t, answer());
  const run = await new TestHost(model).execute('docs/page.changed', page);
  assert.deepEqual(run.output, { page: '/intro', summary: 'It is about steps.' }, run.journal);
  assert.equal(mock.calls[0]?.arguments[0], 'https://model.example/v1/messages');
});

test('a busy model is asked again when it wants to be', async (t) => {
  answers(t, new Response('', { status: 429, headers: { 'retry-after': '90' } }), answer());
  const host = new TestHost(model);
  const run = await host.send('docs/page.changed', page);
  await host.advance('89s');
  assert.equal(run?.status, 'waiting');
  await host.advance('1s');
  assert.equal(run?.status, 'completed', run?.journal);
});

test('the author is told of a model that refuses', async (t) => {
  const { mock } = answers(t, new Response('who are you?', { status: 401 }));
  const { handler } = await new TestHost(model).execute('docs/page.changed', page);
  assert.match(String(handler?.step('tell-author').output), /\/intro has no summary .*401: who are you\?/);
  assert.equal(mock.callCount(), 1);
});
