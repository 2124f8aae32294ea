// Why a request has no response, in the words that Node's `fetch` has for it.
import type { ErrorCode } from 'wasi:http/types@0.2.6';

/** Codes that packages ask for, and what happened. */
const PROBLEMS: Record<string, [string, string]> = {
  'DNS-timeout': ['EAI_AGAIN', "the host's name was not resolved in time"],
  'DNS-error': ['ENOTFOUND', "the host's name has no address"],
  'destination-not-found': ['ENOTFOUND', "the host's name has no address"],
  'destination-unavailable': ['EHOSTUNREACH', 'the host cannot be reached'],
  'destination-IP-prohibited': ['EACCES', 'no grant lets the plugin reach that private address'],
  'destination-IP-unroutable': ['ENETUNREACH', 'the host cannot be reached'],
  'connection-refused': ['ECONNREFUSED', 'the connection was refused'],
  'connection-terminated': ['ECONNRESET', 'the connection was closed'],
  'connection-timeout': ['ETIMEDOUT', 'the host could not be connected to in time'],
  'connection-read-timeout': ['ETIMEDOUT', 'the host fell silent'],
  'connection-limit-reached': ['EMFILE', 'more than 256 responses are open: read their bodies to the end, or cancel them'],
  'TLS-protocol-error': ['EPROTO', 'the host does not speak TLS'],
  'TLS-certificate-error': ['CERT_INVALID', "the host's certificate is not valid"],
  'TLS-alert-received': ['EPROTO', 'the host refused the TLS connection'],
  'HTTP-request-denied': ['EACCES', 'no grant lets the plugin reach that host'],
  'HTTP-response-incomplete': ['ECONNRESET', "the connection was closed before the response's end"],
  'HTTP-response-content-coding': ['Z_DATA_ERROR', 'the body is not in the encoding that its header names'],
  'HTTP-response-timeout': ['ETIMEDOUT', 'the host did not respond in time'],
};

/** A network error. */
export class FetchError extends TypeError {
  override name = 'TypeError';
  constructor(cause: Error) {
    super('fetch failed', { cause });
  }
}

/** The error for a code of the host's. */
export function explained({ tag, val }: ErrorCode): FetchError {
  const [code, reason] = PROBLEMS[tag] ?? ['UND_ERR_SOCKET', tag.replaceAll('-', ' ')];
  if (tag === 'internal-error' && typeof val === 'string') return networkError(val, 'UND_ERR_SOCKET');
  const said = typeof val === 'string' ? `: ${val}` : '';
  return new FetchError(Object.assign(new Error(reason + said), { code }));
}

/** An error of the request's own. */
export const networkError = (reason: string, code: string): FetchError =>
  new FetchError(Object.assign(new Error(reason), { code }));
