// Copies into dist what the compiler does not: the contract, with the files behind links, since packages have no links,
// and the types of `inngest`.
import { cpSync, rmSync } from 'node:fs';

const to = new URL('../dist/wit', import.meta.url);
rmSync(to, { recursive: true, force: true });
cpSync(new URL('.', import.meta.url), to, {
  recursive: true,
  dereference: true,
  filter: (path) => !path.endsWith('.mjs'),
});
cpSync(new URL('../src/as-inngest.d.ts', import.meta.url), new URL('../dist/as-inngest.d.ts', import.meta.url));
