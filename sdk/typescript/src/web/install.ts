// The Web's interfaces as plugins have them: what the engine lacks, and `fetch` over the host's own requests.
import { installAbort } from './abort.js';
import { watchReaders } from './body.js';
import { fetch } from './fetch.js';
import { installCompare } from './compare.js';
import { installMisc } from './misc.js';
import { Request } from './request.js';
import { Response } from './response.js';
import { installStreams } from './streams.js';
import { installTimers } from './timers.js';

/** Puts them in place; once, before any module of the user's. */
export function installWeb() {
  installTimers();
  installAbort();
  watchReaders();
  installStreams();
  installMisc();
  installCompare();
  Object.assign(globalThis, { fetch, Request, Response });
  rehearse();
}

/** Has the engine make what a request needs while the plugin is built, and not at the first request of each execution. */
function rehearse() {
  const { signal } = new AbortController();
  const request = new Request('http://rehearsal/', { method: 'POST', headers: { a: 'b' }, body: 'c', signal });
  void request.text().then(() => new Response(new ReadableStream(), { headers: request.headers }).clone());
}
