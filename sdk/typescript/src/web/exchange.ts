// An HTTP request and its response, over `wasi:http`. All handles are given back as soon as they have served.
import { handle } from 'wasi:http/outgoing-handler@0.2.6';
import {
  Fields,
  httpErrorCode,
  OutgoingBody,
  OutgoingRequest,
  type ErrorCode,
  type FutureIncomingResponse,
  type IncomingResponse,
} from 'wasi:http/types@0.2.6';
import type { InputStream, OutputStream, StreamError } from 'wasi:io/streams@0.2.6';
import { explained } from './problems.js';
import { Waits } from './waits.js';

/** A request as it is sent. */
export interface Sent {
  method: string;
  url: URL;
  headers: [string, string][];
  body: Uint8Array | ReadableStream<Uint8Array> | null;
}

/** A response as it has come. */
export interface Received {
  status: number;
  headers: [string, string][];
  body: ReadableStream<Uint8Array>;
}

/** Bytes that the host is asked for at a time. */
const READ_BYTES = 64 << 10;
/** Bytes that are read ahead: a body that is not longer holds no handles, read or not. */
const AHEAD_BYTES = 64 << 10;

/** Makes the request. Its response's body goes on to be read until the signal aborts. */
export function exchange(sent: Sent, signal: AbortSignal | undefined): Promise<Received> {
  return new Exchange(signal).run(sent);
}

class Exchange {
  readonly #waits = new Waits();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.#fail(this.#signal?.reason);
  /** The handles that are held, in the order in which they are to be given back. */
  #held: Disposable[] = [];
  #failed: { reason: unknown } | undefined;
  /** Whether nothing is held any more: it has failed, or the response has come to its end, even before the request. */
  #isOver = false;
  /** The request's body, where that is a stream. */
  #source: ReadableStreamDefaultReader<unknown> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort);
  }

  async run(sent: Sent): Promise<Received> {
    try {
      const { future, upload } = this.#send(sent);
      void upload?.catch((error: unknown) => this.#fail(error));
      const response = await this.#head(future);
      if (this.#failed) throw this.#failed.reason;
      return this.#received(response);
    } catch (error) {
      const reason = this.#failed ? this.#failed.reason : error;
      this.#fail(reason);
      throw reason;
    }
  }

  #send({ method, url, headers, body }: Sent): { future: FutureIncomingResponse; upload: Promise<void> | undefined } {
    const fields = Fields.fromList(headers.map(([name, value]) => [name, bytesOf(value)]));
    const request = new OutgoingRequest(fields);
    request.setMethod(methodOf(method));
    request.setScheme({ tag: url.protocol === 'https:' ? 'HTTPS' : 'HTTP' });
    request.setAuthority(url.host);
    request.setPathWithQuery(url.pathname + url.search);
    const outgoing = body === null ? undefined : request.body();
    if (outgoing) this.#hold(outgoing);
    const future = this.#hold(handled(request));
    return { future, upload: outgoing && this.#upload(outgoing, body!) };
  }

  async #head(future: FutureIncomingResponse): Promise<IncomingResponse> {
    await this.#waits.ready(future.subscribe());
    const got = future.get();
    this.#release(future);
    if (got?.tag === 'ok' && got.val.tag === 'ok') return got.val.val;
    throw explained(got?.tag === 'ok' && got.val.tag === 'err' ? got.val.val : { tag: 'internal-error' });
  }

  #received(response: IncomingResponse): Received {
    const status = response.status();
    const fields = response.headers();
    const headers = fields.entries().map(([name, value]): [string, string] => [name, textOf(value)]);
    fields[Symbol.dispose]();
    const incoming = this.#hold(response.consume());
    response[Symbol.dispose]();
    const input = incoming.stream();
    this.#held.unshift(input);
    return { status, headers, body: this.#stream(input) };
  }

  #stream(input: InputStream): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: (controller) => this.#pull(input, controller),
        cancel: (reason) => this.#fail(reason ?? new TypeError('the body was cancelled')),
      },
      { highWaterMark: AHEAD_BYTES, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  async #pull(input: InputStream, controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        if (this.#failed) return;
        const chunk = input.read(BigInt(READ_BYTES));
        if (chunk.length > 0) return controller.enqueue(naturalized(chunk));
        await this.#waits.ready(input.subscribe());
      }
    } catch (error) {
      if (this.#failed) return;
      const closed = streamError(error);
      if (closed === undefined) {
        this.#end();
        return controller.close();
      }
      this.#fail(closed);
    }
  }

  async #upload(outgoing: OutgoingBody, body: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
    const output = outgoing.write();
    this.#held.unshift(output);
    let isHeard = true;
    if (body instanceof Uint8Array) isHeard = await this.#write(output, body);
    else {
      const reader = (this.#source = body.getReader());
      for (let part = await reader.read(); isHeard && !part.done; part = await reader.read()) {
        isHeard = !this.#isOver && (await this.#write(output, chunkOf(part.value)));
        if (!isHeard) void reader.cancel().catch(() => {});
      }
    }
    if (this.#isOver) return;
    if (isHeard) flush(output);
    this.#release(output);
    this.#forget(outgoing);
    try {
      OutgoingBody.finish(outgoing, undefined);
    } catch {
      // The response says what came of it.
    }
  }

  /** Returns false if the other side takes no more, which a response may be the reason for. */
  async #write(output: OutputStream, bytes: Uint8Array): Promise<boolean> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const room = Number(output.checkWrite());
        if (room > 0) {
          const end = Math.min(at + room, bytes.length);
          output.write(bytes.subarray(at, end));
          at = end;
        } else await this.#waits.ready(output.subscribe());
        if (this.#isOver) return false;
      }
      return true;
    } catch (error) {
      if (!this.#isOver) streamError(error);
      return false;
    }
  }

  #hold<T extends Disposable>(resource: T): T {
    this.#held.push(resource);
    return resource;
  }

  #forget(resource: Disposable) {
    this.#held = this.#held.filter((held) => held !== resource);
  }

  #release(resource: Disposable) {
    this.#forget(resource);
    resource[Symbol.dispose]();
  }

  #fail(reason: unknown) {
    if (this.#isOver) return;
    this.#failed = { reason };
    this.#end();
    try {
      this.#controller?.error(reason);
    } catch {
      // It has been closed or cancelled.
    }
  }

  #end() {
    this.#isOver = true;
    this.#waits.cancel(this.#failed?.reason);
    void this.#source?.cancel(this.#failed?.reason).catch(() => {});
    this.#signal?.removeEventListener('abort', this.#onAbort);
    for (const resource of this.#held.splice(0)) resource[Symbol.dispose]();
  }
}

/** Hands over what is left. Once the host has sent all, it may have closed the stream already. */
function flush(output: OutputStream) {
  try {
    output.flush();
  } catch (error) {
    streamError(error);
  }
}

function handled(request: OutgoingRequest): FutureIncomingResponse {
  try {
    return handle(request, undefined);
  } catch (error) {
    throw explained(payloadOf<ErrorCode>(error));
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

const methodOf = (method: string) =>
  METHODS.has(method) ? { tag: method.toLowerCase() } : { tag: 'other', val: method };

/** Why a stream has ended; undefined if it is at its end. */
function streamError(error: unknown): Error | undefined {
  const payload = payloadOf<StreamError>(error);
  if (payload.tag === 'closed') return undefined;
  const code = httpErrorCode(payload.val) ?? { tag: 'internal-error', val: payload.val.toDebugString() };
  payload.val[Symbol.dispose]();
  return explained(code);
}

/** The host's answer in an error of the bindings. Any other error is thrown on. */
function payloadOf<T>(error: unknown): T {
  if (typeof error === 'object' && error !== null && 'payload' in error) return error.payload as T;
  throw error;
}

/** The bindings live in a global scope of their own. Their bytes become instances of the plugin's classes. */
function naturalized(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  Object.setPrototypeOf(chunk.buffer, ArrayBuffer.prototype);
  return Object.setPrototypeOf(chunk, Uint8Array.prototype) as Uint8Array<ArrayBuffer>;
}

function chunkOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('the stream of a body has to consist of Uint8Arrays');
}

/** Header values are bytes, each a character (isomorphic encoding). */
const bytesOf = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));

const textOf = (value: Uint8Array) => String.fromCharCode(...value);
