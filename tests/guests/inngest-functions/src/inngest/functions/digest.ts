// A digest: once a week it is found out who gets one, and each is made by a run of its own.
import { inngest } from '../client';

/** 2. Fan-out on a schedule, or when somebody asks for it. */
export const weeklyDigest = inngest.createFunction(
  { id: 'weekly-digest' },
  [{ cron: 'TZ=Europe/Paris 0 9 * * 1' }, { event: 'app/digest.due' }],
  async ({ event, step, logger }) => {
    const users = event.name === 'app/digest.due' ? event.data.users : [];
    const week = await step.run('find-week', () => 42);
    logger.info(`${users.length} digests are due`, { week });
    if (users.length === 0) return { requested: 0 };
    const { ids } = await step.sendEvent(
      'request-digests',
      users.map((userId) => ({ name: 'app/digest.requested' as const, data: { userId, week } })),
    );
    return { requested: ids.length };
  },
);

/** 3. One user's digest: so many at once, and no more a minute than the mail service takes. */
export const sendDigest = inngest.createFunction(
  {
    id: 'send-digest',
    concurrency: [{ limit: 2 }, { limit: 1, key: 'event.data.userId' }],
    throttle: { limit: 100, period: '1m', burst: 10 },
    retries: 5,
  },
  { event: 'app/digest.requested' },
  async ({ event, step }) => {
    const { userId, week } = event.data;
    const items = await step.run('collect', () => [`${userId} was mentioned`, `week ${week} is over`]);
    return step.run('send', () => `${userId}: ${items.join(', ')}`);
  },
);
