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

// What `sentry.ts` takes of Sentry's core, of whatever version the plugin's package has.

declare module '@sentry/core' {
  export interface SentryOptions {
    dsn?: string | undefined;
    environment?: string | undefined;
    release?: string | undefined;
    transport?: (options: { url: string }) => SentryTransport;
    stackParser?: StackParser;
    integrations?: unknown;
    defaultIntegrations?: unknown;
    [option: string]: unknown;
  }
  export type SentryTransport = object;
  export type SentryIntegration = object;
  type Integration = (() => SentryIntegration) | undefined;
  export const SDK_VERSION: string;
  export const dedupeIntegration: Integration;
  export const eventFiltersIntegration: Integration;
  export const functionToStringIntegration: Integration;
  export const inboundFiltersIntegration: Integration;
  export const linkedErrorsIntegration: Integration;
  export type StackParser = (stack: string, ...rest: unknown[]) => { filename?: string }[];
  export function createStackParser(...parsers: unknown[]): StackParser;
  export function getIntegrationsToSetup(options: { defaultIntegrations: unknown; integrations: unknown }): unknown;
  export function getCurrentScope(): { setClient(client: unknown): void };
  export function createTransport(
    options: { url: string },
    request: (request: { body: string | Uint8Array<ArrayBuffer> }) => Promise<object>,
  ): SentryTransport;
}

declare module '@sentry/core/server' {
  export function nodeStackLineParser(): unknown;
  export const ServerRuntimeClient: new (options: object) => { init(): void };
}
