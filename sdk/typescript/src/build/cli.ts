#!/usr/bin/env node
// `stepwell-build [FILE|FOLDER] [-o OUT.wasm] [--inngest] [--inputs LIST.json]`: builds a plugin of TypeScript or JavaScript.
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { formatMessages } from 'esbuild';
import { build } from './build.js';
import { isBuildFailure } from './problems.js';
import { projectOf } from './project.js';

const USAGE = `usage: stepwell-build [FILE|FOLDER] [-o OUT.wasm] [--inngest] [--inputs LIST.json]

Builds a plugin: the module FILE, or of FOLDER (else the folder here) the one that package.json names as "main",
or src/index.ts. OUT is dist/NAME.wasm unless told. With --inngest (or "stepwell": { "inngest": true } in package.json)
the package \`inngest\` is @stepwell/sdk/inngest: modules that are written for it are built as they are.
LIST.json gets the paths of the project's own files that were read.`;

try {
  process.exitCode = await run();
} catch (error) {
  process.exitCode = 1;
  await report(error);
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', short: 'o' },
      inngest: { type: 'boolean' },
      inputs: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (positionals.length > 1) throw new Error(`one file or folder at a time\n${USAGE}`);
  const project = projectOf(positionals[0] ?? '.');
  const out = values.out ?? join(project.folder, 'dist', `${project.name}.wasm`);
  await build({ ...project, isInngest: project.isInngest || values.inngest === true }, out, values.inputs);
  console.error(`built ${relative('.', out)}`);
  return 0;
}

async function report(error: unknown) {
  if (!isBuildFailure(error)) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  const messages = await formatMessages(error.errors, {
    kind: 'error',
    color: process.stderr.isTTY === true,
  });
  console.error(messages.join('').trimEnd());
}
