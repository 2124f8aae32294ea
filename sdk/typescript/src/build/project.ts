// Where a plugin's module is, from what its author names.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';

/** A plugin's source. */
export interface Project {
  /** The module whose exports are its functions. */
  entry: string;
  /** Its folder, from which errors name files. */
  folder: string;
  /** The component's name, without `.wasm`. */
  name: string;
}

const ENTRIES = ['index', 'plugin', 'src/index', 'src/plugin'].flatMap((stem) =>
  ['ts', 'mts', 'js', 'mjs'].map((end) => `${stem}.${end}`),
);

/** The project that a file or folder is. */
export function projectOf(path: string): Project {
  const full = resolve(path);
  if (!existsSync(full)) throw new Error(`${path}: there is no such file or folder`);
  if (statSync(full).isFile()) return { entry: full, folder: folderOf(full), name: basename(full, extname(full)) };
  const main = mainOf(full);
  const entry = [...(main === undefined ? [] : [main]), ...ENTRIES]
    .map((name) => join(full, name))
    .find((file) => existsSync(file));
  if (entry === undefined) {
    throw new Error(`${path}: no module found; name it in package.json as "main", or call it src/index.ts`);
  }
  return { entry, folder: full, name: basename(full) };
}

/** The nearest folder with a package.json, or the file's own. */
function folderOf(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return dirname(file);
}

function mainOf(folder: string): string | undefined {
  const file = join(folder, 'package.json');
  const main: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).main : undefined;
  return typeof main === 'string' ? main : undefined;
}
