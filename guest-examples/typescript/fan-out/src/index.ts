// Sends a newsletter to all its readers side by side, and counts those who cannot be reached.
import { createFunction, NonRetriableError, plugin } from '@stepwell/sdk';

/** The data of `newsletter/issue.ready`. */
interface Issue {
  issue: string;
  readers: number;
  /** Addresses that do not exist any more. */
  bounces?: string[];
}

/** The data of `newsletter/issue.sent`. */
interface Sent {
  issue: string;
  sent: number;
}

/** There is no such address, and there will not be. */
class BouncedError extends NonRetriableError {
  override name = 'BouncedError';
}

export default plugin(
  createFunction<Issue>(
    { id: 'send-newsletter', name: 'Send newsletter' },
    { event: 'newsletter/issue.ready' },
    // A step for each reader: each has retries of its own, and none is written to twice if another one fails.
    async ({ event, step }) => {
      const { issue, bounces = [] } = event.data;
      const readers = await step.run('load-readers', () => loadReaders(event.data.readers));

      const mails = readers.map((address, n) => step.run(`send-to-${n}`, () => send(issue, address, bounces)));
      const outcomes = await Promise.allSettled(mails);
      const bounced = readers.filter((_, n) => hasBounced(outcomes[n]!));
      const sent = readers.length - bounced.length;

      await step.sendEvent('tell', { name: 'newsletter/issue.sent', data: { issue, sent } });
      return { sent, bounced };
    },
  ),
  // Knows nothing of who has sent it.
  createFunction<Sent>(
    { id: 'count-issue', name: 'Count issue' },
    { event: 'newsletter/issue.sent' },
    ({ event: { data } }) => ({ issue: data.issue, sent: data.sent }),
  ),
);

const loadReaders = (count: number) => Array.from({ length: count }, (_, n) => `reader-${n}@example.com`);

/** A real one would send an email here; answers its number. */
function send(issue: string, address: string, bounces: string[]): string {
  if (bounces.includes(address)) throw new BouncedError(`${address} does not exist`);
  return `${issue} to ${address}`;
}

/** Whether the reader cannot be reached. Whatever else went wrong fails the run. */
function hasBounced(outcome: PromiseSettledResult<string>): boolean {
  if (outcome.status === 'fulfilled') return false;
  if (outcome.reason instanceof Error && outcome.reason.name === 'BouncedError') return true;
  throw outcome.reason;
}
