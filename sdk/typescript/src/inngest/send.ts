// `inngest.send`: an operation of the run in a function's body, a request to the event API inside of a step.
import { NonRetriableError } from '../errors.js';
import type { Attempt } from '../pass.js';
import { running } from '../running.js';
import { Step } from '../step.js';
import { checked, type Sendable } from './events.js';
import { sendEvents } from './tools.js';

/** Where a client's events go when no operation can send them. */
export interface EventApi {
  baseUrl?: string | undefined;
  eventKey?: string | undefined;
}

/** Sends events, once each, however often the step or the body that sends them is run. */
export async function send(api: EventApi, events: Sendable): Promise<{ ids: string[] }> {
  const pass = running();
  if (!pass) throw new Error('inngest.send is for functions: none is being run; `stepwell send` sends from outside');
  if (!pass.isInStep()) return sendEvents(new Step(pass), 'inngest.send', events);
  return post(api, await checked(events), pass.current());
}

/** The host cannot be asked for an operation inside of a step, but it has an API. */
async function post({ baseUrl, eventKey }: EventApi, events: object[], attempt: Attempt): Promise<{ ids: string[] }> {
  const base = baseUrl ?? process.env['INNGEST_BASE_URL'];
  const key = eventKey ?? process.env['INNGEST_EVENT_KEY'];
  if (!base || !key) {
    throw new NonRetriableError(
      'inngest.send inside of a step goes to the event API, and nothing says where that is: send with `step.sendEvent` ' +
        'after the step, or grant the plugin the variables INNGEST_BASE_URL and INNGEST_EVENT_KEY and the host',
    );
  }
  const response = await fetch(`${base.replace(/\/$/, '')}/e/${encodeURIComponent(key)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-inngest-event-id-seed': await seedOf(attempt) },
    body: JSON.stringify(events),
  });
  const answer = (await response.json().catch(() => ({}))) as { ids?: string[]; error?: string };
  if (!response.ok) throw new Error(`the event API answered ${response.status}: ${answer.error ?? ''}`);
  return { ids: answer.ids ?? [] };
}

const sent = new WeakMap<Attempt, number>();

/** The same at each attempt of the step, for its n-th sending: what is sent again under it is stored once. */
async function seedOf(attempt: Attempt): Promise<string> {
  const n = sent.get(attempt) ?? 0;
  sent.set(attempt, n + 1);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${attempt.idempotencyKey}-${n}`));
  const bytes = new Uint8Array(digest);
  return `${new DataView(digest).getUint32(10) + 1},${btoa(String.fromCharCode(...bytes.subarray(0, 10)))}`;
}
