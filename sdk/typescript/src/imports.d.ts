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
  export function guess(message: string): void;
}

declare module 'wasi:cli/environment@0.2.6' {
  export function getEnvironment(): [string, string][];
}

declare module 'wasi:clocks/monotonic-clock@0.2.6' {
  import type { Pollable } from 'wasi:io/poll@0.2.6';
  export function now(): bigint;
  export function subscribeDuration(nanoseconds: bigint): Pollable;
}

declare module 'wasi:io/poll@0.2.6' {
  export interface Pollable extends Disposable {
    ready(): boolean;
  }
  export function poll(pollables: Pollable[]): Uint32Array;
}

declare module 'wasi:io/streams@0.2.6' {
  import type { Pollable } from 'wasi:io/poll@0.2.6';
  export interface IoError extends Disposable {
    toDebugString(): string;
  }
  /** Thrown as `payload`. */
  export type StreamError = { tag: 'closed' } | { tag: 'last-operation-failed'; val: IoError };
  export interface InputStream extends Disposable {
    read(bytes: bigint): Uint8Array<ArrayBuffer>;
    subscribe(): Pollable;
  }
  export interface OutputStream extends Disposable {
    checkWrite(): bigint;
    write(bytes: Uint8Array): void;
    flush(): void;
    subscribe(): Pollable;
  }
}

declare module 'wasi:http/types@0.2.6' {
  import type { Pollable } from 'wasi:io/poll@0.2.6';
  import type { InputStream, IoError, OutputStream } from 'wasi:io/streams@0.2.6';
  type Result<T, E> = import('./contract.js').Result<T, E>;
  export interface ErrorCode {
    tag: string;
    val?: unknown;
  }
  export class Fields {
    static fromList(entries: [string, Uint8Array][]): Fields;
    entries(): [string, Uint8Array][];
    [Symbol.dispose](): void;
  }
  export class OutgoingRequest {
    constructor(headers: Fields);
    body(): OutgoingBody;
    setMethod(method: { tag: string; val?: string }): void;
    setScheme(scheme: { tag: 'HTTP' | 'HTTPS' }): void;
    setAuthority(authority: string): void;
    setPathWithQuery(path: string): void;
    [Symbol.dispose](): void;
  }
  export class OutgoingBody {
    static finish(body: OutgoingBody, trailers: undefined): void;
    write(): OutputStream;
    [Symbol.dispose](): void;
  }
  export interface FutureIncomingResponse extends Disposable {
    subscribe(): Pollable;
    get(): Result<Result<IncomingResponse, ErrorCode>, void> | undefined;
  }
  export interface IncomingResponse extends Disposable {
    status(): number;
    headers(): Fields;
    consume(): IncomingBody;
  }
  export interface IncomingBody extends Disposable {
    stream(): InputStream;
  }
  export function httpErrorCode(error: IoError): ErrorCode | undefined;
}

declare module 'wasi:http/outgoing-handler@0.2.6' {
  import type { FutureIncomingResponse, OutgoingRequest } from 'wasi:http/types@0.2.6';
  export function handle(request: OutgoingRequest, options: undefined): FutureIncomingResponse;
}

// The part of Sentry's core that `sentry.ts` takes, of whatever version the plugin's package has.

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
