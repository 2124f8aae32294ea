// Bundles src/plugin.ts into one module, then wraps it with the engine into dist/trial-typescript.wasm.
import { writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';
import { build } from 'esbuild';

const bundle = 'dist/trial-typescript.js';
await build({
  entryPoints: ['src/plugin.ts'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  external: ['stepwell:*'],
});
const { component } = await componentize({ sourcePath: bundle, witPath: '../../../wit', worldName: 'plugin' });
await writeFile('dist/trial-typescript.wasm', component);
