// A run of nothing, played while a plugin is built: what the engine makes when it is first used is then in the image that
// each execution starts from, and need not be made by each.
import type { Host, OperationKey, Outcome } from './contract.js';
import { createFunction } from './function.js';
import { plugin } from './plugin.js';

const EVENT = '{"name":"rehearsal","data":{"list":[1,"two",{"three":null}]},"id":"1","ts":1}';

/** Turns after which nothing of the rehearsal is left to run: there are no timers in a build. */
const TURNS = 32;

const part = createFunction({ id: 'rehearsal' }, { event: 'rehearsal' }, async ({ step, logger }) => {
  const first = await step.run('first', () => ({ list: [1, 'two'] }));
  const both = await Promise.all([step.run('left', () => 1), step.sleep('right', 1)]);
  logger.debug('rehearsed', { first });
  return { first, both };
});

/** Plays it, and answers what it comes to. */
export function rehearse(): Promise<Outcome> {
  const run = { runId: 'rehearsal', functionId: part.id, attempt: 0, maxAttempts: 1, events: [EVENT] };
  return plugin(part).exports(new Stage()).functions.run(run);
}

/** A host that runs each step at once, and has each result ready. */
class Stage implements Host {
  readonly #results: { key: OperationKey; val: string }[] = [];

  plan(found: Parameters<Host['plan']>[0]): ReturnType<Host['plan']> {
    for (const { key, kind } of found) if (kind !== 'run') this.#results.push({ key, val: 'null' });
    return found.map(({ kind }) => (kind === 'run' ? { tag: 'run', val: 0 } : { tag: 'noted' }));
  }

  finish(...[key, value]: Parameters<Host['finish']>): ReturnType<Host['finish']> {
    if (value.tag === 'ok') this.#results.push({ key, val: value.val });
    return 'proceed';
  }

  next(): ReturnType<Host['next']> {
    const result = this.#results.shift();
    return result && { key: result.key, value: { tag: 'ok', val: result.val }, at: 1 };
  }

  failedStep() {
    return undefined;
  }

  stepInput() {
    return undefined;
  }

  log() {}

  guess() {}

  async dry() {
    for (let turn = 0; turn < TURNS; turn++) await undefined;
  }
}
