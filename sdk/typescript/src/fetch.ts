// Requests that the host makes for the function, and their responses.
import { milliseconds, type Duration } from './duration.js';

/** The options of a request, beside its URL. */
export interface FetchInit {
  /** GET unless told otherwise; any but CONNECT and TRACE. */
  method?: string;
  headers?: Headers | Record<string, string> | [string, string][];
  body?: string | Uint8Array | ArrayBuffer | URLSearchParams;
  /** Whether redirects are followed, are responses, or fail the request. */
  redirect?: 'follow' | 'manual' | 'error';
  /** For each attempt as a whole; at most, and unless given, the plugin's deadline. */
  timeout?: Duration;
}

/** A response as the host tells it. */
interface Told {
  status: number;
  url?: string;
  headers: Record<string, string>;
  is_base64?: boolean;
  body: string;
}

/** A recorded response, whatever its status. */
export class FetchResponse {
  readonly status: number;
  /** Whether its status says that all went well: 200 to 299. */
  readonly ok: boolean;
  /** Where redirects have led; empty without any. */
  readonly url: string;
  readonly headers: Headers;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(told: unknown) {
    const { status, url = '', headers, is_base64, body } = told as Told;
    this.status = status;
    this.ok = status >= 200 && status < 300;
    this.url = url;
    this.headers = new Headers();
    for (const [name, values] of Object.entries(headers)) {
      for (const value of values.split('\n')) this.headers.append(name, value);
    }
    this.#bytes = is_base64 ? bytesOf(body) : new TextEncoder().encode(body);
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#bytes.slice();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.#bytes);
  }

  async json<T = unknown>(): Promise<T> {
    return JSON.parse(await this.text());
  }
}

/** The options of a `fetch`, see `found-options.schema.json`. */
export function fetchOptions(url: string | URL, init: FetchInit): object {
  const headers = new Headers(init.headers);
  if (init.body instanceof URLSearchParams && !headers.has('content-type')) {
    headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
  }
  return {
    url: String(url),
    ...(init.method === undefined ? {} : { method: init.method.toUpperCase() }),
    ...([...headers].length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...bodyOptions(init.body),
    ...(init.redirect === undefined ? {} : { redirect: init.redirect }),
    ...(init.timeout === undefined ? {} : { timeout_ms: milliseconds(init.timeout, 'timeout of a fetch') }),
  };
}

function bodyOptions(body: FetchInit['body']): object {
  if (body === undefined || body === '') return {};
  if (typeof body === 'string' || body instanceof URLSearchParams) return { body: String(body) };
  if (!(body instanceof Uint8Array || body instanceof ArrayBuffer)) {
    throw new TypeError('the body of a fetch is a text, bytes or URLSearchParams; write an object with JSON.stringify');
  }
  return { body: base64(new Uint8Array(body)), is_base64: true };
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const bytesOf = (encoded: string) => Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
