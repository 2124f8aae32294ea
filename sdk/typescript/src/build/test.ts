#!/usr/bin/env node
// `stepwell-test [FILE|FOLDER…]`: bundles tests in TypeScript, and runs them with Node's own test runner.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build as esbuild } from 'esbuild';

const USAGE = `usage: stepwell-test [FILE|FOLDER…]

Runs tests of node:test in TypeScript or JavaScript: each FILE, and below each FOLDER (else the folder here) all that
are called NAME.test.ts, or .mts, .js, .mjs. Other runners, such as vitest, need no help with @stepwell/sdk/testing.`;

const TEST = /\.test\.[mc]?[jt]s$/;

const LEFT_OUT = new Set(['node_modules', 'dist']);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' } },
});

if (values.help) console.log(USAGE);
else process.exitCode = await run((positionals.length > 0 ? positionals : ['.']).flatMap(testsBelow));

async function run(tests: string[]): Promise<number> {
  if (tests.length === 0) {
    console.error(`error: there are no tests\n${USAGE}`);
    return 1;
  }
  // What they import is found from there.
  mkdirSync('node_modules', { recursive: true });
  const folder = mkdtempSync(resolve('node_modules/.stepwell-test-'));
  try {
    const bundled = await bundle(tests, folder);
    const node = ['--enable-source-maps', '--test', '--test-reporter=spec', ...bundled];
    return spawnSync(process.execPath, node, { stdio: 'inherit' }).status ?? 1;
  } catch {
    return 1; // the bundler has said why
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function testsBelow(path: string): string[] {
  if (!existsSync(path)) throw new Error(`${path}: there is no such file or folder`);
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) || entry.name.startsWith('.') ? [] : testsBelow(inside);
    return TEST.test(entry.name) ? [inside] : [];
  });
}

/** A module for each test, with all of the project that it imports; packages are found as ever. */
async function bundle(tests: string[], folder: string): Promise<string[]> {
  await esbuild({
    entryPoints: tests,
    outdir: folder,
    outbase: '.',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    loader: { '.txt': 'text' },
    keepNames: true,
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return tests.map((test) => join(folder, relative('.', test)).replace(/\.[mc]?[jt]s$/, '.mjs'));
}
