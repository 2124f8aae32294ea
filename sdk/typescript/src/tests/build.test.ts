// The build before the engine comes into it: finding the module, the table of lines, words for problems.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { bundle } from '../build/build.js';
import { leftOutModule } from '../build/node.js';
import { INSTEAD, packageOf } from '../build/packages.js';
import { isBuildFailure, reasonToWait, topLevelError, wayToBuild } from '../build/problems.js';
import { projectOf } from '../build/project.js';
import { lowerProperties } from '../build/properties.js';
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
  assert.deepEqual(projectOf(join(folder, 'other.ts')), {
    entry: join(folder, 'other.ts'),
    folder,
    name: 'other',
    isInngest: false,
    without: [],
    unset: [],
    locales: [],
  });
  const named = folderWith(t, { 'package.json': '{"name":"@acme/store"}', 'src/index.ts': '' });
  assert.equal(projectOf(named).name, 'store');
  assert.equal(projectOf(folder).entry, join(folder, 'src/index.ts'));
  assert.equal(projectOf(join(folder, 'with')).entry, join(folder, 'with/m.ts'));
  assert.equal(projectOf(join(folder, 'src/index.ts')).folder, folder);
  assert.throws(() => projectOf(join(folder, 'none')), /no such file or folder/);
  assert.throws(() => projectOf(folderWith(t, { 'readme.md': '' })), /no module found/);
  assert.throws(() => projectOf(folderWith(t, { 'package.json': '{"name":', 'index.ts': '' })), /package\.json is not valid JSON/);
  const wrong = folderWith(t, { 'package.json': '{"stepwell":{"without":"fs"}}', 'index.ts': '' });
  assert.throws(() => projectOf(wrong), /package\.json: "stepwell\.without" has to be a list/);
  const unset = folderWith(t, { 'package.json': '{"stepwell":{"unset":"DEBUG"}}', 'index.ts': '' });
  assert.throws(() => projectOf(unset), /package\.json: "stepwell\.unset" has to be a list/);
  const locale = folderWith(t, { 'package.json': '{"stepwell":{"locales":"de"}}', 'index.ts': '' });
  assert.throws(() => projectOf(locale), /package\.json: "stepwell\.locales" has to be a list/);
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
  const unread = new Error(`plugin.js:${line}:${column} SyntaxError: no`);
  assert.match(topLevelError(unread, table).message, /SyntaxError: no\n    at index\.ts:4:9$/);
});

test('what a package switches off for browsers, and markers, are modules without anything', async (t) => {
  const folder = folderWith(t, {
    'index.ts': `import 'client-only';\nimport 'server-only';\nimport { all } from 'pkg';\nexport { all };`,
    'node_modules/pkg/package.json': '{"main":"i.js","browser":{"crypto":false,"node:fs":false,"./own.js":false}}',
    'node_modules/pkg/i.js': `exports.all = [require('crypto'), require('node:fs'), require('./own.js')];`,
    'node_modules/pkg/own.js': 'throw new Error("it is switched off");',
  });
  const { code, table } = await bundle(projectOf(folder));
  for (const name of ['client-only', 'server-only', 'crypto', 'node:fs']) {
    assert(table.sources.includes(`empty:${name}`), `${name} in ${table.sources}`);
  }
  assert(!code.includes('it is switched off'));
  const [wanted] = await problemsOf(folderWith(t, { 'index.ts': "import 'crypto';" }));
  assert.match(wanted!, /^"crypto" is a module of Node's/);
});

test('packages are taken as they are meant for workers', async (t) => {
  const exports = { '.': { workerd: './w.js', default: './d.js' }, './edge': { 'edge-light': './e.js', default: './d.js' } };
  const folder = folderWith(t, {
    'index.ts': `import workerd from 'pkg';\nimport edge from 'pkg/edge';\nexport const all = [workerd, edge];`,
    'node_modules/pkg/package.json': JSON.stringify({ exports }),
    'node_modules/pkg/w.js': 'export default "workerd";',
    'node_modules/pkg/e.js': 'export default "edge";',
    'node_modules/pkg/d.js': 'export default "other";',
  });
  const { sources } = (await bundle(projectOf(folder))).table;
  const taken = sources.flatMap((source) => /\/pkg\/(.*)$/.exec(source)?.[1] ?? []);
  assert.deepEqual(taken.sort(), ['e.js', 'w.js']);
});

const placeIn = (line: number, column: number) => `${line}:${column}`;

test("Unicode's properties in regular expressions are written out where they stand", () => {
  const source = [
    'const letters = /^\\p{L}+$/u, not = /\\P{Lu}/gu; const set = /[\\p{Script=Greek}--[α]]/v;',
    'const made = new RegExp("\\\\p{Nd}", "u"), plain = /p{2}/, text = "\\\\p{L}";',
    'result = [letters.test("Grüße"), letters.test("a1"), "aB".replace(not, ""), set.test("β"), set.test("α"), made.test("٣"), plain.test("pp"), text];',
  ].join('\n');
  const lowered = lowerProperties(source, placeIn);
  assert(!/\\p\{L\}\+/.test(lowered) && lowered.includes('text = "\\\\p{L}"'), lowered.slice(0, 300));
  source.split('\n').forEach((line, n) => assert.equal(lowered.split('\n')[n]!.length, line.length, `line ${n}`));
  const result = new Function(`let result; ${lowered}; return result;`)();
  assert.deepEqual(result, [true, false, 'B', true, false, true, true, '\\p{L}']);
  assert.equal(lowerProperties('const a = /x/u;', placeIn), 'const a = /x/u;');
  assert.match(lowerProperties('const $p = 1, a = /\\p{L}/u;', placeIn), /\$P\(0\)/);
  const refused = (code: string) => assert.throws(() => lowerProperties(code, placeIn), /^Error: 2:[34]: .*\bproperty/i);
  refused('\n  new RegExp("\\\\p{None}", "u")');
  refused('\n  /\\p{None}/u');
});

test("Unicode's properties are written out in texts that are known", () => {
  const source = [
    'const digits = new RegExp(`\\\\p{Nd}`, "u"), raw = globalThis.RegExp(String.raw`\\p{Lu}${"+"}`, "u");',
    'const sum = new RegExp(',
    '  "^" + "\\\\p{L}" + "$",',
    '  "u",',
    '); const other = new RegExp("\\\\p{L}" + String(1), "u");',
  ].join('\n');
  const lowered = lowerProperties(source, placeIn);
  source.split('\n').forEach((line, n) => assert.equal(lowered.split('\n')[n]!.length, line.length, `line ${n}`));
  assert(lowered.includes('new RegExp("\\\\p{L}" + String(1), "u")'), 'what is known at run time stays as it is');
  const result = new Function(`${lowered}; return [digits.test("٣"), raw.test("AB"), sum.test("ß")];`)();
  assert.deepEqual(result, [true, true, true]);
});

test('what cannot be built is told with its file and line', async (t) => {
  const place = async (code: string) => {
    const folder = folderWith(t, { 'index.ts': `import './other';\n`, 'other.ts': `type Unused = 1;\n${code}\n` });
    const error: unknown = await bundle(projectOf(folder)).then(() => assert.fail('it was bundled'), (error: unknown) => error);
    if (!isBuildFailure(error)) return String(error);
    const [{ location, text, notes } = assert.fail()] = error.errors;
    return `${location?.file}:${location?.line}: ${text}; ${notes[0]?.text}`;
  };
  assert.match(await place('const a = ;'), /^other\.ts:2: Unexpected ";"/);
  assert.match(await place("import 'dayjs/plugin/utc';"), /^other\.ts:2: Could not resolve .*; `npm install dayjs` brings/);
  assert.match(await place("import '@acme/shop/x';"), /; `npm install @acme\/shop` brings/);
  assert.match(await place("import './none';"), /^other\.ts:2: .*; there is no such file/);
  assert.match(await place('console.log(/\\p{None}/u);'), /^Error: other\.ts:2:\d+: Invalid regular expression/);
  assert.match(await place('console.log(new RegExp(`\\\\p{None}`, "u"));'), /^Error: other\.ts:2:\d+: \/\\p\{None\}\/u cannot/);
});

test('what a package asks of Node is one message; of a known package, at its import, with what to use in its place', async (t) => {
  const asks = "require('net'); require('node:tls'); require('dns');\n";
  const other = { 'index.ts': "import 'other';\n", 'node_modules/other/index.js': asks };
  assert.deepEqual(await problemsOf(folderWith(t, other)), [
    '"other" asks for "net", "tls" and "dns" of Node\'s, which a plugin does not run in: use `fetch` inside a step, or `step.fetch`',
  ]);
  const known = { 'index.ts': "import 'other';\nimport { Pool } from 'pg/lib';\nconsole.log(Pool, '');\n", 'node_modules/pg/lib.js': asks };
  const folder = folderWith(t, { ...other, ...known });
  assert.deepEqual(await problemsOf(folder), [`"pg" is for Node, which a plugin does not run in: ${INSTEAD['pg']}`]);
  const [{ location } = assert.fail()] = await bundle(projectOf(folder)).then(
    () => assert.fail('it was bundled'),
    (error: unknown) => (isBuildFailure(error) ? error.errors : []),
  );
  assert.deepEqual([location?.file, location?.line], [relative('.', join(folder, 'index.ts')), 2]);
  // A package of the list that does without Node, as node-fetch 2 in browsers, is not the one to blame.
  const fine = { 'index.ts': "import 'node-fetch';\nimport 'other';\n", 'node_modules/node-fetch/index.js': '' };
  assert.match((await problemsOf(folderWith(t, { ...other, ...fine })))[0]!, /^"other" asks for/);
  assert.equal(packageOf('node_modules/a/node_modules/@b/c/d.js'), '@b/c');
});

/** What the bundler says of a module. */
const problemsOf = (folder: string, isInngest = false): Promise<string[]> =>
  bundle({ ...projectOf(folder), isInngest }).then(
    () => assert.fail('it was bundled'),
    (error: unknown) => {
      if (!isBuildFailure(error)) throw error;
      return error.errors.map(({ text, notes }) => `${text}: ${notes[0]?.text}`);
    },
  );

test("a module of Node's is refused with a way out", async (t) => {
  const folder = folderWith(t, {
    'index.ts':
      "import fs from 'node:fs';\nimport stream from 'stream';\nimport none from 'none';\nexport default [fs, stream, none];\n",
  });
  const [fs, stream, none] = await problemsOf(folder);
  assert.match(fs!, /^"fs" is a module of Node's.*: a plugin has no files/);
  assert.match(stream!, /^"stream" is a module of Node's.*: install the npm package of that name/);
  assert.match(none!, /^Could not resolve "none"/);
});

test('inngest is the module of its surface, if that is asked for', async (t) => {
  const folder = folderWith(t, {
    'package.json': '{"stepwell":{"inngest":true}}',
    'inngest/functions.ts':
      "import { Inngest, type InngestFunction } from 'inngest';\nimport {} from 'inngest/types';\n" +
      "const inngest = new Inngest({ id: 'shop' });\n" +
      "export const functions: InngestFunction.Any[] = [inngest.createFunction({ id: 'f' }, [], () => {})];\n",
  });
  const project = projectOf(folder);
  assert.deepEqual([project.entry, project.isInngest], [join(folder, 'inngest/functions.ts'), true]);
  const { table } = await bundle(project);
  assert(table.sources.includes('@stepwell/sdk/inngest/client.js'), `${table.sources}`);
  const [off] = await problemsOf(folder);
  assert.match(
    off!,
    /^"inngest" is Inngest's SDK.*: build it with `stepwell-build --inngest`, or say so in package.json/,
  );
});

test('what a plugin has no counterpart for is refused by its name, with a way out', async (t) => {
  const saysOf = async (line: string) => (await problemsOf(folderWith(t, { 'index.ts': line }), true))[0]!;
  assert.match(
    await saysOf("export { serve } from 'inngest/next';"),
    /^"inngest\/next" of Inngest's.*: a plugin is not served/,
  );
  assert.match(
    await saysOf("import { InngestMiddleware as M } from 'inngest'; export default M;"),
    /^"InngestMiddleware" of .*: call what/,
  );
  assert.match(
    await saysOf("import { openai } from 'inngest'; export default openai;"),
    /^"openai" of .*: call the model in a step/,
  );
  assert.match(
    await saysOf("import '@inngest/middleware-encryption';"),
    /^"@inngest\/middleware-encryption" of .*: call what it did/,
  );
  assert.match(await saysOf("import '@inngest/realtime';"), /^"@inngest\/realtime" of/);
});

test("the SDK's module of Inngest's surface is there under its own name too", async (t) => {
  const folder = folderWith(t, {
    'index.ts': "import { Inngest } from '@stepwell/sdk/inngest';\nexport default Inngest;\n",
  });
  const { table } = await bundle(projectOf(folder));
  assert(table.sources.includes('@stepwell/sdk/inngest/client.js'), `${table.sources}`);
});

test("what of Node's has an equal that works anywhere is provided, unless a package of the name is installed", async (t) => {
  const folder = folderWith(t, {
    'index.ts':
      "import { basename } from 'node:path';\nimport { stringify } from 'querystring';\nimport events from 'events';\n" +
      "import { URL } from 'node:url';\nexport default [basename, stringify, events, URL, Buffer.from('x')];\n",
    'node_modules/events/package.json': '{"main":"own.js"}',
    'node_modules/events/own.js': 'module.exports = "own";',
  });
  const { sources } = (await bundle(projectOf(folder))).table;
  const has = (end: string) => sources.some((source) => source.endsWith(end));
  assert(has('path-browserify/index.js') && has('querystring-es3/index.js') && has('buffer/index.js'), `${sources}`);
  assert(has('node_modules/events/own.js') && !has('events/events.js'), `${sources}`);
  const plain = await bundle(projectOf(folderWith(t, { 'index.ts': 'export default 1;' })));
  assert(!plain.code.includes('readUInt32'), 'Buffer is left out where nobody asks for it');
});

test("packages do without a module of Node's if the project says so, or if it is known of them", async (t) => {
  const uses = "const fs = require('node:fs');\nmodule.exports = () => fs.readFileSync('x');\n";
  const files = { 'index.ts': "import p from 'p';\nexport default p;\n", 'node_modules/p/index.js': uses };
  const [refused] = await bundle(projectOf(folderWith(t, files))).then(
    () => assert.fail('it was bundled'),
    (error: unknown) => (isBuildFailure(error) ? error.errors : []),
  );
  assert.deepEqual(
    refused?.notes.map(({ text }) => text.slice(0, 41)),
    ['a plugin has no files: import data as a m', 'if the package does without where you use'],
  );
  const folder = folderWith(t, { ...files, 'package.json': '{"stepwell":{"without":["fs"]}}' });
  assert((await bundle(projectOf(folder))).table.sources.includes('left-out:fs'));
  const slack = "import '@slack/web-api';\n";
  await bundle(projectOf(folderWith(t, { 'index.ts': slack, 'node_modules/@slack/web-api/index.js': uses })));
});

test('a module that is left out is an error once something is asked of it', () => {
  const module: { exports: Record<string, unknown> } = { exports: {} };
  new Function('module', leftOutModule('fs'))(module);
  const { __esModule, default: whole } = module.exports;
  assert.deepEqual([__esModule, whole === module.exports], [undefined, true]);
  assert.throws(() => module.exports['readFileSync'], /^Error: "fs" is a module of Node's.*: a plugin has no files/);
});

test("Sentry's package for Node is its core with a transport over fetch", async (t) => {
  const files = {
    'index.ts': "import * as Sentry from '@sentry/node';\nSentry.init();\nexport default Sentry;\n",
    'node_modules/@sentry/node/package.json': '{"main":"main.js"}',
    'node_modules/@sentry/node/main.js': "require('node:worker_threads');",
  };
  const core = { 'node_modules/@sentry/core/index.js': 'exports.captureException = () => {};' };
  const old = (await bundle(projectOf(folderWith(t, { ...files, ...core })))).table.sources;
  assert(old.includes('node_modules/@sentry/core/index.js') && !old.some((source) => source.includes('main.js')));
  const server = { 'node_modules/@sentry/core/server/index.js': 'exports.ServerRuntimeClient = class {};' };
  const { sources } = (await bundle(projectOf(folderWith(t, { ...files, ...core, ...server })))).table;
  assert(sources.includes('node_modules/@sentry/core/server/index.js'), `${sources}`);
  const [none] = await problemsOf(folderWith(t, { 'index.ts': files['index.ts'] }));
  assert.match(none!, /^Could not resolve "@sentry\/node"/);
});

test('what only an execution has is a reason to evaluate the module there', () => {
  const reason = (message: string) => reasonToWait(new Error(message));
  assert.equal(
    reason('plugin.js:1:2 Error: a.ts:1:2 reads process.env.TOKEN while the plugin is built'),
    'a.ts:1:2 reads process.env.TOKEN at its top level',
  );
  assert.equal(
    reason("attempted to call an unknown imported function: 'wasi:random/random@0.2.10' 'get-random-bytes'"),
    'its top level asks for wasi:random/random',
  );
  assert.equal(reason('the module failed while the plugin was built: TypeError: x'), undefined);
});

test('what is said to be unset is no reason to wait', () => {
  const read = new Error('plugin.js:1:2 Error: a.ts:1:2 reads process.env.DEBUG while the plugin is built');
  assert.match(wayToBuild(read), /"stepwell": \{ "unset": \["DEBUG"\] \}$/);
  assert.equal(wayToBuild(new Error('x')), '');
});

test('a module that is evaluated at the start is wrapped whole', async (t) => {
  const folder = folderWith(t, { 'index.ts': "import './other';\n", 'other.ts': 'console.log("top level");\n' });
  const { code } = await bundle(projectOf(folder), 'started');
  assert.match(code, /lateComponent\(\(\)=>Promise\.resolve\(\)\.then\(/);
});

test('large parts of the Web are bundled where they are named', async (t) => {
  const extras = async (code: string) => {
    const { sources } = (await bundle(projectOf(folderWith(t, { 'index.ts': `export default () => ${code};` })))).table;
    return sources.filter((source) => /packed/.test(source));
  };
  assert.deepEqual(await extras('crypto.randomUUID()'), []);
  assert.deepEqual(await extras("crypto.subtle.digest('SHA-1', new Uint8Array())"), ['@stepwell/sdk/web/crypto.packed.js']);
  assert.deepEqual(await extras('new DOMParser()'), ['@stepwell/sdk/web/dom.packed.js']);
  for (const code of ['new Intl.NumberFormat()', 'Intl?.DateTimeFormat', '{ const { NumberFormat } = Intl; }', '(1).toLocaleString()']) {
    assert.deepEqual(await extras(code), ['@stepwell/sdk/web/intl.packed.js'], code);
  }
  for (const code of ['typeof Intl', 'new Intl.Segmenter()', 'Buffer.from("x")']) assert.deepEqual(await extras(code), [], code);
});

test("the bundle's comments cost one byte a character", async (t) => {
  const code = "export default function a() {\n  // größer → kleiner\n  /* → */\n  return 'größer'; // größer → kleiner\n}";
  const bundled = await bundle(projectOf(folderWith(t, { 'index.ts': code })));
  assert(!/[^\0-\x7f]/.test(bundled.code), 'the engine takes two for each as soon as one needs it');
  assert(bundled.code.includes('gr\\xF6\\xDFer'), 'texts stay what they are');
});
