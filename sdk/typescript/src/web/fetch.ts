// `fetch`, as the Fetch standard has it: redirects, aborts, and what becomes of headers on the way.
import { exchange, type Received, type Sent } from './exchange.js';
import { networkError } from './problems.js';
import { Request } from './request.js';
import { Response } from './response.js';

/** As many as browsers follow. */
const REDIRECTS_MAX = 20;
/** As many as the host sends at once for one instance; the others wait here, where they hold nothing. */
const IN_FLIGHT_MAX = 64;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Headers about how a connection is used, or that follow from the rest of the request. The host decides them. */
const OF_THE_HOST = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Headers that describe a body, and go with it. */
const OF_THE_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type'];
/** Headers that are meant for one origin alone. */
const OF_THE_ORIGIN = ['authorization', 'cookie'];

const engineFetch = globalThis.fetch;

export async function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  request.signal.throwIfAborted();
  const url = new URL(request.url);
  if (url.protocol === 'data:') return dataOf(url);
  if (url.protocol === 'blob:') return blobOf(url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw networkError(`the scheme ${url.protocol} cannot be fetched`, 'ERR_INVALID_URL');
  }
  return follow(request, url);
}

async function follow(request: Request, url: URL): Promise<Response> {
  const { redirect, signal } = request;
  const headers = new Headers(request.headers);
  let sent: Sent = { method: request.method, url, headers: [], body: await request.send() };
  for (let hops = 0; ; hops++) {
    const received = await queued({ ...sent, headers: outgoing(headers, sent) }, signal);
    const location = REDIRECTS.has(received.status) ? headerOf(received, 'location') : undefined;
    if (location === undefined || redirect === 'manual') return responseTo(sent, received, hops > 0);
    void received.body.cancel().catch(() => {});
    if (redirect === 'error') throw networkError(`${sent.url.host} redirects the request`, 'ERR_REDIRECT');
    if (hops === REDIRECTS_MAX) throw networkError(`more than ${REDIRECTS_MAX} redirects`, 'ERR_TOO_MANY_REDIRECTS');
    sent = redirected(sent, received.status, location, headers);
  }
}

/** The request that a redirect leads to (https://fetch.spec.whatwg.org/#http-redirect-fetch). */
function redirected(sent: Sent, status: number, location: string, headers: Headers): Sent {
  const url = targetOf(location, sent.url);
  const becomesGet = status === 303 ? !['GET', 'HEAD'].includes(sent.method) : status < 303 && sent.method === 'POST';
  if (status !== 303 && sent.body instanceof ReadableStream) {
    throw networkError('the request is redirected, but its body is a stream, which has been read', 'ERR_REDIRECT');
  }
  if (becomesGet) for (const name of OF_THE_BODY) headers.delete(name);
  if (url.origin !== sent.url.origin) for (const name of OF_THE_ORIGIN) headers.delete(name);
  return becomesGet ? { ...sent, url, method: 'GET', body: null } : { ...sent, url };
}

function targetOf(location: string, from: URL): URL {
  let url: URL;
  try {
    url = new URL(decodeUtf8(location), from);
  } catch {
    throw networkError(`${from.host} redirects the request to what is not a URL`, 'ERR_INVALID_URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw networkError(`${from.host} redirects the request to the scheme ${url.protocol}`, 'ERR_INVALID_URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw networkError(`${from.host} redirects the request to a URL with a user and password`, 'ERR_INVALID_URL');
  }
  if (url.hash === '') url.hash = from.hash;
  return url;
}

/** Servers send other characters as UTF-8, which headers show byte by byte. */
function decodeUtf8(location: string): string {
  return /[^\0-\x7f]/.test(location)
    ? new TextDecoder().decode(Uint8Array.from(location, (character) => character.charCodeAt(0)))
    : location;
}

function outgoing(headers: Headers, { method, body }: Sent): [string, string][] {
  const sent = [...headers].filter(([name]) => !OF_THE_HOST.has(name)) as [string, string][];
  if (!headers.has('accept')) sent.push(['accept', '*/*']);
  if (!headers.has('user-agent')) sent.push(['user-agent', 'stepwell']);
  if (body instanceof Uint8Array) sent.push(['content-length', String(body.length)]);
  else if (body === null && (method === 'POST' || method === 'PUT')) sent.push(['content-length', '0']);
  return sent;
}

const headerOf = ({ headers }: Received, wanted: string) =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1];

function responseTo({ method, url }: Sent, received: Received, redirected: boolean): Response {
  const shown = new URL(url);
  shown.hash = '';
  const { status, headers, body } = received;
  const response = Response.received(status, headers, method === 'HEAD' ? null : body, {
    type: 'basic',
    url: shown.href,
    redirected,
  });
  if (response.body === null) void body.cancel().catch(() => {});
  return response;
}

let inFlight = 0;
const queue: (() => void)[] = [];

/** Makes the request when it is its turn. */
async function queued(sent: Sent, signal: AbortSignal): Promise<Received> {
  if (inFlight >= IN_FLIGHT_MAX) await turnOf(signal);
  else inFlight += 1;
  try {
    signal.throwIfAborted();
    return await exchange(sent, signal);
  } finally {
    const next = queue.shift();
    if (next) next();
    else inFlight -= 1;
  }
}

function turnOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      queue.splice(queue.indexOf(turn), 1);
      reject(signal.reason);
    };
    queue.push(turn);
    signal.addEventListener('abort', leave, { once: true });
  });
}

async function dataOf({ href }: URL): Promise<Response> {
  const [, head, data] = /^data:([^,]*),([^#]*)/.exec(href) ?? [];
  if (head === undefined || data === undefined) throw networkError('the URL has no data', 'ERR_INVALID_URL');
  const isBase64 = /; *base64$/i.test(head);
  const text = unescaped(data);
  const bytes = isBase64 ? Uint8Array.from(atob(new TextDecoder().decode(text)), (c) => c.charCodeAt(0)) : text;
  const type = head.replace(/; *base64$/i, '') || 'text/plain;charset=US-ASCII';
  return new Response(bytes, { headers: { 'content-type': type } });
}

const unescaped = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    Array.from(text.matchAll(/%([0-9a-f]{2})|([^])/gi), ([, hex, other]) =>
      hex === undefined ? other!.charCodeAt(0) & 0xff : parseInt(hex, 16),
    ),
  );

/** Blobs are kept by the engine. */
async function blobOf({ href }: URL): Promise<Response> {
  const found = await engineFetch(href);
  return new Response(await found.arrayBuffer(), { headers: [...found.headers] as [string, string][] });
}
