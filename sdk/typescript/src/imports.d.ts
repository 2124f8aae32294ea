// The functions that a component imports, as the engine's bindings have them.

declare module 'stepwell:plugin/steps@0.1.0' {
  type Host = import('./contract.js').Host;
  export const plan: Host['plan'];
  export const finish: Host['finish'];
  export const next: Host['next'];
  export const failedStep: Host['failedStep'];
  export const stepInput: Host['stepInput'];
}

declare module 'stepwell:plugin/log@0.1.0' {
  export function write(level: import('./contract.js').Level, message: string, fields: string): void;
  export function panicked(message: string, place: string): void;
}

declare module 'wasi:cli/environment@0.2.6' {
  export function getEnvironment(): [string, string][];
}
