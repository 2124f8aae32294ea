// `inngest` in modules that are written for it: the SDK's module of the same surface, if that is asked for.
import type { OnResolveResult, Plugin } from 'esbuild';

const SWITCH = 'build it with `stepwell-build --inngest`, or say so in package.json: "stepwell": { "inngest": true }';

/** Sub-paths that functions import for their types. */
const TYPES = /^inngest\/(types|helpers\/types|components\/[A-Z]\w+)$/;

const SERVES =
  'a plugin is not served: the host finds its functions. Leave the route out, and build the module that exports them ' +
  '(a list of functions will do)';

const WAYS_OUT: [RegExp, string][] = [
  [/^inngest\/(middleware|components\/middleware)/, 'call what it did in the functions themselves'],
  [/^inngest\/(react|realtime|hooks)/, 'publish in a step, with the client of a service that your pages listen to'],
  [/^inngest\/experimental/, 'write the function without it'],
  [/^inngest\//, SERVES],
  [/^@inngest\/(middleware-|realtime)/, 'call what it did in the functions themselves, with the client it is made of'],
  [/^@inngest\/(ai|agent-kit)/, 'call the model in a step, with its own client or with `step.fetch`'],
  [/^@inngest\/test/, 'test functions with `@stepwell/sdk/testing`'],
  [/^@inngest\//, 'write the function without it'],
];

/** Has `inngest` be `module`, or says how to switch that on. */
export const inngest = (module: string, isOn: boolean): Plugin => ({
  name: 'inngest',
  setup: (build) => {
    build.onResolve({ filter: /^@?inngest(\/|$)/ }, ({ path }) => {
      if (!isOn) return problem(`"${path}" is Inngest's SDK, which needs Inngest's server`, SWITCH);
      if (path === 'inngest' || TYPES.test(path)) return { path: module };
      const wayOut = WAYS_OUT.find(([paths]) => paths.test(path))?.[1] ?? SERVES;
      return problem(`"${path}" of Inngest's has no counterpart in a plugin`, wayOut);
    });
  },
});

const problem = (text: string, wayOut: string): OnResolveResult => ({ errors: [{ text, notes: [{ text: wayOut }] }] });

const MIDDLEWARE = 'call what it did in the functions themselves';
const MODELS = 'call the model in a step, with its own client or with `step.fetch`';

/** Exports of the package that the module lacks. */
const EXPORTS: [RegExp, string][] = [
  [/middleware/i, MIDDLEWARE],
  [/^(serve|InngestCommHandler)$/, SERVES],
  [/^(realtime|experiment)$/, 'write the function without it'],
  [/^(openai|anthropic|gemini|grok|deepseek|models)$/, MODELS],
];

/** Says what to do without an export of the package that the module lacks. */
export const wayOutOfExport = (name: string): string =>
  EXPORTS.find(([names]) => names.test(name))?.[1] ?? 'write the function without it';
