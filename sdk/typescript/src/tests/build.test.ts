// What the build does before the engine comes into it: finding the module, the table of lines, words for problems.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Message } from 'esbuild';
import { bundle } from '../build/build.js';
import { explained, isBuildFailure, topLevelError } from '../build/problems.js';
import { projectOf } from '../build/project.js';
import { readableStack, TABLE } from '../stack.js';

/** A folder with these files, for as long as the test takes. */
function folderWith(t: { after(end: () => void): void }, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

test('a project is a file, or a folder with a main or an index', (t) => {
  const folder = folderWith(t, {
    'src/index.ts': '',
    'other.ts': '',
    'package.json': '{}',
    'with/package.json': '{"main":"m.ts"}',
    'with/m.ts': '',
  });
  assert.deepEqual(projectOf(join(folder, 'other.ts')), { entry: join(folder, 'other.ts'), folder, name: 'other' });
  assert.equal(projectOf(folder).entry, join(folder, 'src/index.ts'));
  assert.equal(projectOf(join(folder, 'with')).entry, join(folder, 'with/m.ts'));
  assert.equal(projectOf(join(folder, 'src/index.ts')).folder, folder);
  assert.throws(() => projectOf(join(folder, 'none')), /no such file or folder/);
  assert.throws(() => projectOf(folderWith(t, { 'readme.md': '' })), /no module found/);
});

test('stacks of the engine are told in the lines of the source', async (t) => {
  const folder = folderWith(t, {
    'index.ts': "type Unused = { a: 1 };\n\nexport default function breaks(): never {\n  throw new Error('x');\n}\n",
  });
  const { code, table } = await bundle(projectOf(folder));
  const lines = ['the table', ...code.split('\n')];
  const line = lines.findIndex((text) => text.includes('new Error("x")')) + 1;
  assert(line > 1, 'the module is in the bundle');
  Reflect.set(globalThis, TABLE, table);
  t.after(() => Reflect.deleteProperty(globalThis, TABLE));
  const column = lines[line - 1]!.indexOf('new Error') + 1;
  const stack = `breaks@plugin.js:${line}:${column}\nasync*breaks/</<@plugin.js:${line}:${column}\nrun@initializer.js:1:1`;
  const error = Object.assign(new Error('x'), { stack });
  assert.equal(readableStack(error), 'Error: x\n    at breaks (index.ts:4:9)\n    at async breaks (index.ts:4:9)');
  const said = new Error(
    `Exception while evaluating top-level script\nplugin.js:${line}:1 Error: x\nStack:\n  @plugin.js:${line}:${column}`,
  );
  assert.equal(
    topLevelError(said, table).message,
    'the module failed while the plugin was built: Error: x\n    at index.ts:4:9',
  );
});

test("a module of Node's is refused with a way out", async (t) => {
  const folder = folderWith(t, {
    'index.ts':
      "import fs from 'node:fs';\nimport path from 'path';\nimport none from 'none';\nexport default [fs, path, none];\n",
  });
  const messages: Message[] = await bundle(projectOf(folder)).then(
    () => assert.fail('it was bundled'),
    (error: unknown) => (isBuildFailure(error) ? explained(error.errors) : assert.fail(String(error))),
  );
  const [fs, path, none] = messages.map(({ text, notes }) => `${text}: ${notes[0]?.text}`);
  assert.match(fs!, /^"fs" is a module of Node's.*: a plugin has no files/);
  assert.match(path!, /^"path" is a module of Node's.*: install the npm package of that name/);
  assert.match(none!, /^Could not resolve "none"/);
});
