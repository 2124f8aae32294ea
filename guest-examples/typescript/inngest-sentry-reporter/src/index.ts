// Sends the failures of all functions to Sentry.
import * as Sentry from '@sentry/node';
import { inngest } from './client';

Sentry.init({ dsn: process.env.SENTRY_DSN });

export default inngest.createFunction(
  {
    name: 'Send failures to Sentry',
    id: 'send-failed-function-errors-to-sentry',
  },
  { event: 'inngest/function.failed' },
  async ({ event }) => {
    const error = event.data.error;

    const rebuilt = new Error(error.message);
    rebuilt.name = error.name;
    rebuilt.stack = error.stack;

    Sentry.captureException(rebuilt, {
      extra: {
        function_id: event.data.function_id,
      },
    });

    return await Sentry.flush();
  },
);
