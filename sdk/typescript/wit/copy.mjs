// Copies the contract into dist, with the files behind links: packages have no links.
import { cpSync, rmSync } from 'node:fs';

const to = new URL('../dist/wit', import.meta.url);
rmSync(to, { recursive: true, force: true });
cpSync(new URL('.', import.meta.url), to, {
  recursive: true,
  dereference: true,
  filter: (path) => !path.endsWith('.mjs'),
});
