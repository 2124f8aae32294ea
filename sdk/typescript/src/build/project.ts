// Where a plugin's module is, from what its author names.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';

/** A plugin's source. */
export interface Project {
  /** The module whose exports are its functions. */
  entry: string;
  /** Its folder, from which errors name files. */
  folder: string;
  /** The component's name, without `.wasm`: the package's, or that of the file or folder. */
  name: string;
  /** Whether `inngest` is to be the SDK's module of that surface. */
  isInngest: boolean;
  /** Modules of Node's that its packages ask for and can do without. */
  without: string[];
  /** Variables that the plugin never has, whatever is granted: reading them at the top level is no reason to wait. */
  unset: string[];
  /** Locales beside English that `Intl` is to know; false: the plugin does without `Intl`. */
  locales: string[] | false;
}

/** The last ones are where projects for Inngest list their functions. */
const STEMS = ['index', 'plugin', 'src/index', 'src/plugin', 'inngest/functions', 'src/inngest/functions'];

const ENTRIES = STEMS.flatMap((stem) => ['ts', 'mts', 'js', 'mjs'].map((end) => `${stem}.${end}`));

/** The fields of a package.json that are about the build. */
interface Package {
  name?: unknown;
  main?: unknown;
  stepwell?: { inngest?: unknown; without?: unknown; unset?: unknown; locales?: unknown };
}

/** The project that a file or folder is. */
export function projectOf(path: string): Project {
  const full = resolve(path);
  if (!existsSync(full)) throw new Error(`${path}: there is no such file or folder`);
  const isFile = statSync(full).isFile();
  const folder = isFile ? folderOf(full) : full;
  const said = packageOf(folder);
  const { inngest, without = [], unset = [], locales = [] } = said.stepwell ?? {};
  if (!Array.isArray(without)) {
    throw new Error(`${join(folder, 'package.json')}: "stepwell.without" has to be a list, such as ["fs"]`);
  }
  if (!Array.isArray(unset)) {
    throw new Error(`${join(folder, 'package.json')}: "stepwell.unset" has to be a list, such as ["DEBUG"]`);
  }
  if (!Array.isArray(locales) && locales !== false) {
    throw new Error(`${join(folder, 'package.json')}: "stepwell.locales" has to be a list, such as ["de"], or false`);
  }
  const options = {
    isInngest: inngest === true,
    without: without.map(String),
    unset: unset.map(String),
    locales: Array.isArray(locales) ? locales.map(String) : (false as const),
  };
  if (isFile) return { entry: full, folder, name: basename(full, extname(full)), ...options };
  const entry = [...(typeof said.main === 'string' ? [said.main] : []), ...ENTRIES]
    .map((name) => join(full, name))
    .find((file) => existsSync(file));
  if (entry === undefined) {
    throw new Error(`${path}: no module found; name it in package.json as "main", or call it src/index.ts`);
  }
  const name = typeof said.name === 'string' ? basename(said.name) : basename(full);
  return { entry, folder, name, ...options };
}

/** The nearest folder with a package.json, or the file's own. */
function folderOf(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return dirname(file);
}

function packageOf(folder: string): Package {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
