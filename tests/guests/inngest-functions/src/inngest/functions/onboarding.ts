// Onboarding: a drip of mails that heeds what the user does meanwhile.
import { inngest } from '../client';

const sendEmail = (to: string, template: string) => `${template} to ${to}`;

/** 1. A welcome; then either a reward or a nudge. */
export const onboardingDrip = inngest.createFunction(
  { id: 'onboarding-drip', name: 'Onboarding drip' },
  { event: 'app/user.signed_up' },
  async ({ event, step }) => {
    const { email, patience } = event.data;
    const sent: string[] = [];
    sent.push(await step.run('send-welcome', async () => sendEmail(email, 'welcome')));
    await step.sleep('let-them-look-around', '10ms');
    const activated = await step.waitForEvent('wait-for-activation', {
      event: 'app/user.activated',
      match: 'data.userId',
      timeout: patience ?? '3 days',
    });
    if (activated) {
      sent.push(await step.run('send-tips', () => sendEmail(email, `tips for ${activated.data.userId}`)));
    } else {
      sent.push(await step.run('send-nudge', () => sendEmail(email, 'nudge')));
    }
    return { sent };
  },
);
