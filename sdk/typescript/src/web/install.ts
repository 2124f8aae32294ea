// The Web's interfaces as plugins have them: what the engine lacks, and `fetch` over the host's own requests.
import { installAbort } from './abort.js';
import { watchReaders } from './body.js';
import { fetch } from './fetch.js';
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
  Object.assign(globalThis, { fetch, Request, Response });
}
