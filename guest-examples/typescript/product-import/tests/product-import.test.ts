// An import when all goes well, when saving fails for a while, and when it fails for good.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestHost } from '@stepwell/sdk/testing';
import imports from '../src/index.js';
import { ShopError } from '../src/shop.js';

test('a product is imported with its images', async () => {
  const run = await new TestHost(imports).execute('shop/product.imported', { sku: 'A1' });
  assert.equal(run.output, 'A1 imported with 2 images');
  assert.equal(run.log[0]?.message, '2 images of A1 are fetched');
});

test('saving is tried again, and the images are not fetched again', async () => {
  const host = new TestHost(imports);
  let fetched = 0;
  host.mock('fetch-images', () => {
    fetched += 1;
    return [{ url: 'https://images.example/A1.jpg' }];
  });
  host.fail('save-products', new ShopError('busy'), { times: 2 });
  const run = await host.execute('shop/product.imported', { sku: 'A1' });
  assert.equal(run.output, 'A1 imported with 1 images', run.journal);
  assert.deepEqual([run.step('save-products').attempts, fetched], [3, 1]);
});

test('the team is told of an import that has failed for good, and of what was done', async () => {
  const host = new TestHost(imports);
  const run = await host.execute('shop/product.imported', { sku: 'A1', shopIsDown: true });
  assert.deepEqual([run.status, run.error?.code, run.step('save-products').attempts], ['failed', 'SHOP_DOWN', 3]);
  const { handler } = run;
  const error = 'ShopError: the shop does not take A1';
  const told = `The import of A1 failed (${error}); 2 images wait to be saved. Run: ${run.id}`;
  assert.equal(handler?.output, told, handler?.journal);
  assert.deepEqual(
    handler.steps.map(({ id }) => id),
    ['alert-team'],
  );
});

test('a crash right behind saving has it saved again, and uses no attempt', async () => {
  const host = new TestHost(imports);
  host.crash('save-products');
  const run = await host.execute('shop/product.imported', { sku: 'A1' });
  assert.deepEqual([run.status, run.step('save-products').attempts], ['completed', 1], run.journal);
});
