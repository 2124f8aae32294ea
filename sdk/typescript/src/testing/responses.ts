// Requests and responses of `step.fetch`, as a test sees them and as the contract has them.

/** The request that the function asks the host for. */
export function requestOf(options: Record<string, unknown>): Request {
  const { url, method = 'GET', headers = {}, body, is_base64 } = options as unknown as Asked;
  const bytes = body !== undefined && is_base64 ? Uint8Array.from(atob(body), (one) => one.charCodeAt(0)) : body;
  return new Request(url, { method, headers, ...(bytes === undefined ? {} : { body: bytes }) });
}

interface Asked {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  is_base64?: boolean;
}

/** The response as it is recorded. */
export async function recorded(response: Response): Promise<object> {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) {
    headers[name] = name in headers ? `${headers[name]}\n${value}` : value;
  }
  const url = response.url === '' ? {} : { url: response.url };
  // A mock may stand for several requests.
  const bytes = new Uint8Array(await response.clone().arrayBuffer());
  return { status: response.status, ...url, headers, ...bodyOf(bytes) };
}

function bodyOf(bytes: Uint8Array): object {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { body: Buffer.from(bytes).toString('base64'), is_base64: true };
  }
}
