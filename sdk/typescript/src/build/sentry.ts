// `@sentry/node` in a plugin: the SDK's module in its place, over the core that the package itself has.
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';

const NODE = '@sentry/node';

/** In the core's server part, or, before Sentry's version 11, in the core. */
const SERVER = '@sentry/core/server';

const ASKED = Symbol('asked');

/** Has `@sentry/node` be `module`, if it is installed. */
export const sentry = (module: string): Plugin => ({
  name: 'sentry',
  setup: (build) => {
    build.onResolve({ filter: /^@sentry\/(node|core\/server)$/ }, async ({ path, pluginData, resolveDir, ...args }) => {
      if (pluginData === ASKED) return undefined;
      const resolve = (path: string) => build.resolve(path, { ...args, resolveDir, pluginData: ASKED });
      const found = await resolve(path);
      if (path === SERVER) return found.errors.length > 0 ? resolve('@sentry/core') : found;
      return found.errors.length > 0 ? undefined : { path: NODE, namespace: 'sentry', pluginData: dirname(found.path) };
    });
    build.onLoad({ filter: /.*/, namespace: 'sentry' }, async ({ pluginData }) => ({
      contents: await readFile(module, 'utf8'),
      resolveDir: pluginData,
    }));
  },
});
