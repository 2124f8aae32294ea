// `Request`, as the Fetch standard has it.
import { Body, type BodyInit } from './body.js';

type RequestRedirect = NonNullable<RequestInit['redirect']>;

/** Options that are kept as they are said, since nothing in a plugin depends on them. */
const DEFAULTS = {
  cache: 'default',
  credentials: 'same-origin',
  destination: '',
  duplex: 'half',
  integrity: '',
  keepalive: false,
  mode: 'cors',
  referrer: 'about:client',
  referrerPolicy: '',
} as const;

type Kept = { -readonly [name in keyof typeof DEFAULTS]: unknown };

const NORMALIZED = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export class Request extends Body {
  readonly headers: Headers;
  readonly method: string;
  readonly signal: AbortSignal;
  readonly redirect: RequestRedirect;
  readonly #url: URL;
  readonly #kept: Kept;

  constructor(input: string | URL | Request, init: RequestInit = {}) {
    super();
    const other = input instanceof Request ? input : undefined;
    this.#url = other ? new URL(other.#url) : urlOf(String(input));
    this.method = init.method === undefined ? (other?.method ?? 'GET') : methodOf(String(init.method));
    this.headers = new Headers(init.headers ?? other?.headers);
    this.redirect = redirectOf(init.redirect ?? other?.redirect ?? 'follow');
    // A null says that the other's signal is not this one's.
    const signal = init.signal === undefined ? other?.signal : init.signal;
    this.signal = signal ?? new AbortController().signal;
    this.#kept = { ...DEFAULTS, ...(other ? other.#kept : {}) };
    for (const name of Object.keys(DEFAULTS) as (keyof Kept)[]) {
      const given = (init as Partial<Kept>)[name];
      if (given !== undefined) this.#kept[name] = given;
    }
    const hasBody = init.body != null || (other !== undefined && other.body !== null);
    if (hasBody && (this.method === 'GET' || this.method === 'HEAD')) {
      throw new TypeError(`a request with the method ${this.method} has no body`);
    }
    if (init.body != null) this.fill(init.body as BodyInit);
    else if (other) this.take(other);
  }

  /** Takes the other's body, which cannot be read any longer. */
  private take(other: Request) {
    if (other.body === null) return;
    this.share(other);
    void other.taken();
  }

  clone(): Request {
    const copy = new Request(this.url, {
      method: this.method,
      headers: this.headers,
      redirect: this.redirect,
      signal: this.signal,
      ...(this.#kept as object),
    });
    copy.share(this);
    return copy;
  }

  /** The body, which is to be sent now. */
  send(): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null> {
    return this.taken();
  }

  get url(): string {
    return this.#url.href;
  }

  get [Symbol.toStringTag]() {
    return 'Request';
  }

  static {
    for (const name of Object.keys(DEFAULTS) as (keyof Kept)[]) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        enumerable: true,
        get(this: Request) {
          return this.#kept[name];
        },
      });
    }
  }
}

function urlOf(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError(`${JSON.stringify(text)} is not a URL: a plugin has no address for a relative one to start from`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('the URL of a request has no user and password: send a header "authorization"');
  }
  return url;
}

function methodOf(method: string): string {
  const upper = method.toUpperCase();
  if (!TOKEN.test(method) || ['CONNECT', 'TRACE', 'TRACK'].includes(upper)) {
    throw new TypeError(`${JSON.stringify(method)} is not a method of a request`);
  }
  return NORMALIZED.has(upper) ? upper : method;
}

function redirectOf(redirect: string): RequestRedirect {
  if (redirect === 'follow' || redirect === 'manual' || redirect === 'error') return redirect;
  throw new TypeError(`a request's redirect is "follow", "manual" or "error", not ${JSON.stringify(redirect)}`);
}
