// Has a language model summarize a page, as often as the model's rate limit demands.
import { createFunction, plugin } from '@stepwell/sdk';
import { ask } from './model.js';

/** The data of `docs/page.changed`. */
interface Page {
  page: string;
  text: string;
}

export default plugin(
  createFunction<Page>(
    {
      id: 'summarize',
      name: 'Summarize page',
      // The page stays without a summary, and its author is told why.
      onFailure: async ({ error, event, step, logger }) => {
        const message = `${event.data.event.data.page} has no summary (${error})`;
        return step.run('tell-author', () => {
          logger.error(message); // A real one would write to the page's author.
          return message;
        });
      },
    },
    { event: 'docs/page.changed' },
    // What the model has answered is recorded: whatever fails later, it is not asked, or paid, a second time.
    async ({ event, step }) => {
      const { page, text } = event.data;
      const summary = await step.run('ask', () => ask(`Summarize this page in one sentence:\n\n${text}`));
      return { page, summary };
    },
  ),
);
