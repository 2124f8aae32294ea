// Packages whose build for browsers needs a page: another build of theirs is taken.
import { existsSync } from 'node:fs';
import type { Plugin } from 'esbuild';

/** The file of each package that does without a page, as for React Native. */
const VARIANTS: Record<string, string> = {
  '@azure/core-xml': 'dist/react-native/index.js',
};

const NAMES = new RegExp(`^(${Object.keys(VARIANTS).join('|')})$`);

const ASKED = Symbol('asked');

export const variants: Plugin = {
  name: 'variants',
  setup: (build) => {
    build.onResolve({ filter: NAMES }, async ({ path, pluginData, ...args }) => {
      if (pluginData === ASKED) return undefined;
      const found = await build.resolve(path, { ...args, pluginData: ASKED });
      const folder = found.path.slice(0, found.path.lastIndexOf(path) + path.length);
      const file = `${folder}/${VARIANTS[path]}`;
      return found.errors.length === 0 && existsSync(file) ? { path: file } : undefined;
    });
  },
};
