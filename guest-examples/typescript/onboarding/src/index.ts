// Welcomes a user, and after three days sends what fits what the user has done by then.
import { createFunction, plugin } from '@stepwell/sdk';

/** The data of `app/user.signed-up`. */
interface User {
  user: string;
  email: string;
}

export default plugin(
  createFunction<User>(
    {
      id: 'onboard-user',
      name: 'Onboard user',
      cancelOn: [{ event: 'app/user.deleted', match: 'data.user' }],
    },
    { event: 'app/user.signed-up' },
    // It takes up to ten days, and is in memory for a few milliseconds of them.
    async ({ event, step }) => {
      const { user, email } = event.data;

      await step.run('send-welcome', () => send('welcome', email));
      const post = await step.waitForEvent('first-post', {
        event: 'app/post.created',
        match: 'data.user',
        timeout: '3d',
      });
      if (post) {
        await step.run('send-congratulations', () => send('congratulations', email));
        return { user, mails: ['welcome', 'congratulations'] };
      }

      await step.run('send-tips', () => send('tips', email));
      await step.sleep('a-week', '7d');
      await step.run('send-reminder', () => send('reminder', email));
      return { user, mails: ['welcome', 'tips', 'reminder'] };
    },
  ),
);

/** A real one would send an email here; answers its number. */
const send = (mail: string, email: string) => `${mail} to ${email}`;
