// From TypeScript to a component: bundles a module with all it imports, then wraps it with the engine.
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentize } from '@bytecodealliance/componentize-js';
import { build as esbuild } from 'esbuild';
import { placeOf, type SourceTable } from '../stack.js';
import { asciiComments } from './ascii.js';
import { hastenBindings } from './bindings.js';
import { extrasOf } from './extras.js';
import { inngest } from './inngest.js';
import { node } from './node.js';
import { noteImports, type Imports } from './packages.js';
import { explainedFailure, isBuildFailure, reasonToWait, topLevelError, wayToBuild } from './problems.js';
import type { Project } from './project.js';
import { lowerProperties } from './properties.js';
import { sentry } from './sentry.js';
import { tableOf } from './table.js';
import { variants } from './variants.js';

/** The compiled SDK. */
const SDK = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const INNGEST = join(SDK, 'inngest/index.js');

const WIT = join(SDK, 'wit');

/** When a module's top level is evaluated: once, while it is built, or at the start of each execution. */
export type Evaluation = 'built' | 'started';

/** Builds a project's component into a file. `inputs`: a file that gets the paths of what was read, as a JSON array. */
export async function build(project: Project, out: string, inputs?: string): Promise<void> {
  const component = await evaluated(project, 'built', inputs).catch((error: unknown) => {
    const reason = reasonToWait(error);
    if (reason === undefined) throw error;
    console.error(
      `note: ${reason}: the module is evaluated at the start of each execution, not once while it is built${wayToBuild(error)}`,
    );
    return evaluated(project, 'started');
  });
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, component);
}

/** The component, with what the modules' top level has come to if it is evaluated now. */
async function evaluated(project: Project, when: Evaluation, inputs?: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'stepwell-build-'));
  try {
    const { code, table, read } = await bundle(project, when);
    // Also if the component cannot be made: what is to be mended is among them.
    if (inputs !== undefined) await writeFile(inputs, JSON.stringify(read));
    const sourcePath = join(folder, 'plugin.js');
    await writeFile(sourcePath, `${globals({ sourceTable: table, size: code.length, unset: project.unset })}\n${code}`);
    return await wrap(sourcePath, table);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Values that the bundle finds in the global object, in one line: the table counts on it. */
const globals = (values: Record<string, unknown>) =>
  Object.entries(values)
    .map(([name, value]) => `globalThis[Symbol.for("stepwell.${name}")] = ${JSON.stringify(value)};`)
    .join('');

/** Runs what there is of a top level; no variables are granted yet. */
async function wrap(sourcePath: string, table: SourceTable): Promise<Uint8Array> {
  await hastenBindings();
  try {
    return (await componentize({ sourcePath, witPath: WIT, worldName: 'guest', env: {} })).component;
  } catch (error) {
    throw error instanceof Error ? topLevelError(error, table) : error;
  }
}

interface Bundle {
  code: string;
  table: SourceTable;
  /** The project's own files that were read, packages left out. */
  read: string[];
}

/** Bundles the project and all that it imports into one module; the table is of its lines after one that is added. */
export async function bundle(project: Project, when: Evaluation = 'built'): Promise<Bundle> {
  const bundled = await bundleWith(project, when, []);
  const extras = extrasOf(bundled.code, project.locales);
  return extras.length > 0 ? bundleWith(project, when, extras) : bundled;
}

async function bundleWith(project: Project, when: Evaluation, extras: string[]): Promise<Bundle> {
  const imports: Imports = new Map();
  const { outputFiles, metafile } = await esbuild({
    stdin: {
      contents: extras.map(importOf).join('') + entryOf(project, when),
      resolveDir: project.folder,
      sourcefile: '@stepwell/entry.js',
      loader: 'js',
    },
    absWorkingDir: project.folder,
    outfile: 'plugin.js',
    write: false,
    bundle: true,
    format: 'esm',
    target: 'es2023',
    // Packages that also run without Node have what they run with then under these names.
    platform: 'browser',
    conditions: ['stepwell', 'workerd', 'edge-light', 'worker', 'browser', 'module'],
    external: ['stepwell:*', 'wasi:*'],
    alias: { '@stepwell/sdk': join(SDK, 'index.js'), '@stepwell/sdk/inngest': INNGEST },
    plugins: [
      noteImports(imports),
      inngest(INNGEST, project.isInngest),
      sentry(join(SDK, 'sentry.js')),
      variants,
      node(join(SDK, 'node'), project.without),
    ],
    inject: [join(SDK, 'node/buffer.js')],
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.NODE_DEBUG': '""', global: 'globalThis' },
    loader: { '.txt': 'text' },
    keepNames: true,
    // The text and what the engine makes of it are in the memory of each instance. Names stay: errors tell them.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 200,
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'silent',
  }).catch((error: unknown) => {
    throw isBuildFailure(error) ? explainedFailure(error, imports) : error;
  });
  const [map, code] = ['.map', '.js'].map((end) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '');
  const paths = Object.keys(metafile.inputs).map((path) => resolve(project.folder, path));
  const isOwn = (path: string) => existsSync(path) && !path.includes(`node_modules${sep}`) && !path.startsWith(SDK);
  const table = tableOf(map!, project.folder, project.folder, SDK);
  // The table is of lines after one that is added.
  const placeIn = (line: number, column: number) => placeOf({ line: line + 1, column }, table);
  return { code: lowerProperties(asciiComments(code!), placeIn), table, read: paths.filter(isOwn) };
}

const REHEARSED = `import { rehearse } from ${JSON.stringify(join(SDK, 'rehearsal.js'))};
import { scrub } from ${JSON.stringify(join(SDK, 'scrub.js'))};
void rehearse().then(scrub);`;

/** The entry's own first import, of what all others need, is evaluated before them. */
const importOf = (module: string) =>
  `import ${JSON.stringify(join(SDK, 'install.js'))};\nimport ${JSON.stringify(resolve(SDK, module))};\n`;

const entryOf = ({ entry }: Project, when: Evaluation) =>
  when === 'built'
    ? `
import ${JSON.stringify(join(SDK, 'install.js'))};
import * as module from ${JSON.stringify(entry)};
import { component } from ${JSON.stringify(join(SDK, 'component.js'))};
${REHEARSED}
export const { functions, failureHandler } = component(module);
`
    : `
import ${JSON.stringify(join(SDK, 'install.js'))};
import { lateComponent } from ${JSON.stringify(join(SDK, 'component.js'))};
${REHEARSED}
export const { functions, failureHandler } = lateComponent(() => import(${JSON.stringify(entry)}));
`;
