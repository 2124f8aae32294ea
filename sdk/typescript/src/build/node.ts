// Modules of Node's that packages ask for: those with an equal that works anywhere are provided, those that a package
// can do without are errors when they are used, and all others are refused.
import { createRequire, isBuiltin } from 'node:module';
import { isAbsolute, join } from 'node:path';
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { wayOutOf } from './problems.js';

const require = createRequire(import.meta.url);

/** Equals from npm; the slash tells a package from the module of that name. */
const EQUALS: Record<string, string> = {
  buffer: 'buffer/',
  events: 'events/',
  os: 'os-browserify/browser',
  path: 'path-browserify',
  'path/posix': 'path-browserify',
  querystring: 'querystring-es3',
  string_decoder: 'string_decoder/',
  util: 'util/',
};

/** Equals of the SDK's own. */
const OWN = ['process', 'url'];

/** Modules that packages are known to ask for when they are loaded, and to use only where that is what they are for. */
const LEFT_OUT: [RegExp, string[]][] = [
  // Uploads of files by their paths, and analytics that come packed.
  [/[\\/]@slack[\\/]web-api[\\/]/, ['fs', 'stream', 'zlib']],
  // Attachments by their paths.
  [/[\\/]@sendgrid[\\/]helpers[\\/]/, ['fs']],
  // Signatures of webhooks.
  [/[\\/](@linear[\\/]sdk|@hubspot[\\/]api-client)[\\/]/, ['crypto']],
];

/** Packages whose import says where a module belongs, and brings nothing. A plugin may have what is for either side. */
const MARKERS = /^(client|server)-only$/;

/** Modules without anything in them: markers, and what a package switches off for browsers (`"browser": {"x": false}`). */
const EMPTY = 'empty';

/** A mark on what is being resolved, so that it is not asked for anew. */
const ASKED = Symbol('asked');

/** `folder` is where the SDK's own are; `without` what the project says that its packages can do without. */
export const node = (folder: string, without: readonly string[]): Plugin => ({
  name: 'node',
  setup: (build) => {
    build.onResolve({ filter: /^(node:)?[a-z_/]+$/ }, async (args) => {
      const name = args.path.replace(/^node:/, '');
      if (args.pluginData === ASKED || !isBuiltin(name)) return undefined;
      return (await installed(build, args)) ?? equal(folder, name) ?? leftOut(args, name, without);
    });
    build.onResolve({ filter: MARKERS }, ({ path }) => ({ path, namespace: EMPTY }));
    build.onLoad({ filter: /.*/, namespace: EMPTY }, () => ({ contents: 'module.exports = {};' }));
    // A module that nobody asks anything of is left out.
    build.onResolve({ filter: /[\\/]buffer\.js$/ }, ({ path }) =>
      path === join(folder, 'buffer.js') ? { path, sideEffects: false } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({ contents: leftOutModule(path) }));
  },
});

/** Packages may have the names of Node's modules, and be the better ones; or a package switches the module off. */
async function installed(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  const { path, importer, resolveDir, kind } = args;
  const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: ASKED });
  if (found.errors.length > 0) return undefined;
  // What is switched off keeps its name in the place of a path.
  if (!isAbsolute(found.path)) return { path, namespace: EMPTY };
  return path.startsWith('node:') ? undefined : found;
}

function equal(folder: string, name: string): OnResolveResult | undefined {
  if (OWN.includes(name)) return { path: join(folder, `${name}.js`), sideEffects: false };
  const path = Object.hasOwn(EQUALS, name) ? EQUALS[name] : undefined;
  return path === undefined ? undefined : { path: require.resolve(path), sideEffects: false };
}

function leftOut({ importer }: OnResolveArgs, name: string, without: readonly string[]): OnResolveResult | undefined {
  const isKnown = LEFT_OUT.some(([packages, names]) => packages.test(importer) && names.includes(name));
  const isSaid = importer.includes('node_modules') && without.includes(name);
  return isKnown || isSaid ? { path: name, namespace: 'left-out' } : undefined;
}

/** A module any use of which is an error, but for what loaders ask of each module. */
export const leftOutModule = (name: string) => `
const message = ${JSON.stringify(`"${name}" is a module of Node's, which a plugin does not run in: ${wayOutOf(name)}`)};
const quiet = ['__esModule', 'default', 'then'];
module.exports = new Proxy({}, {
  get(_, field) {
    if (typeof field === 'symbol' || quiet.includes(field)) return field === 'default' ? module.exports : undefined;
    throw new Error(message);
  },
});
`;
