// Part of building the SDK itself: the parts of the Web that are large, each in one small file with all that it is made of.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { EXTRAS } from './extras.js';

for (const { module, packed } of EXTRAS) {
  await build({
    entryPoints: [fileURLToPath(new URL(`../${module}`, import.meta.url))],
    outfile: fileURLToPath(new URL(`../${packed}`, import.meta.url)),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    legalComments: 'external',
    logLevel: 'warning',
  });
}
