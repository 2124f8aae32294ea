// `Response`, as the Fetch standard has it.
import { Body, type BodyInit } from './body.js';

type ResponseType = globalThis.Response['type'];

/** Responses that have no body. */
const BODILESS = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Where a response comes from. */
interface Origin {
  type?: ResponseType;
  url?: string;
  redirected?: boolean;
}

export class Response extends Body {
  readonly headers: Headers;
  #status: number;
  #statusText: string;
  #origin: Origin = {};

  constructor(body?: BodyInit | null, init: ResponseInit = {}) {
    super();
    const status = init.status === undefined ? 200 : Number(init.status);
    if (!(status >= 200 && status <= 599)) throw new RangeError(`a response cannot have the status ${status}`);
    if (body != null && BODILESS.has(status)) throw new TypeError(`a response with status ${status} has no body`);
    this.#status = status;
    this.#statusText = String(init.statusText ?? '');
    this.headers = new Headers(init.headers);
    this.fill(body);
  }

  static json(value: unknown, init: ResponseInit = {}): Response {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError('the value has no JSON');
    const headers = new Headers(init.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(text, { ...init, headers });
  }

  static redirect(url: string | URL, status = 302): Response {
    if (!REDIRECTS.has(status)) throw new RangeError(`${status} is not the status of a redirect`);
    const response = new Response(null, { status });
    response.headers.set('location', new URL(url).href);
    return response;
  }

  static error(): Response {
    const response = new Response();
    response.#status = 0;
    response.#origin = { type: 'error' };
    return response;
  }

  /** A response that has come. A server may give it any status. */
  static received(
    status: number,
    headers: [string, string][],
    body: ReadableStream<Uint8Array> | null,
    origin: Origin,
  ): Response {
    const response = new Response(BODILESS.has(status) ? null : (body as BodyInit | null));
    response.#status = status;
    response.#statusText = REASONS[status] ?? '';
    response.#origin = origin;
    for (const [name, value] of headers) append(response.headers, name, value);
    return response;
  }

  clone(): Response {
    const copy = new Response();
    copy.share(this);
    copy.#status = this.#status;
    copy.#statusText = this.#statusText;
    copy.#origin = this.#origin;
    for (const [name, value] of this.headers) copy.headers.append(name, value);
    return copy;
  }

  get status(): number {
    return this.#status;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }

  get type(): ResponseType {
    return this.#origin.type ?? 'default';
  }

  get url(): string {
    return this.#origin.url ?? '';
  }

  get redirected(): boolean {
    return this.#origin.redirected ?? false;
  }

  get [Symbol.toStringTag]() {
    return 'Response';
  }
}

/** Leaves out what the engine does not take for a header. */
function append(headers: Headers, name: string, value: string) {
  try {
    headers.append(name, value);
  } catch {
    // A name or value that the standard does not allow.
  }
}

/** The host does not pass on what the server calls its status. */
const REASONS: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  418: "I'm a Teapot",
  422: 'Unprocessable Entity',
  423: 'Locked',
  425: 'Too Early',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  507: 'Insufficient Storage',
};
