// Accounts: events that are sent by the client, from a function's body and from inside of a step.
import { accountClosed, inngest } from '../events';

/** 12. One unended run for each user; what is to be done elsewhere is told by events. */
export const closeAccount = inngest.createFunction(
  { id: 'close-account', triggers: accountClosed, singleton: { mode: 'skip', key: 'event.data.userId' } },
  async ({ event, step }) => {
    const { userId } = event.data;
    const own = await inngest.send({ name: 'app/account.erase', data: { userId } });
    const others = await step.run('tell-partners', () =>
      inngest.send([
        { name: 'partners/a', data: { userId } },
        { name: 'partners/b', data: { userId } },
      ]),
    );
    return { own: own.ids.length, others: others.ids.length };
  },
);
