// Tells a Slack channel when the import of a shop's products has failed for good.
import { WebClient } from '@slack/web-api';
import { inngest } from './client';
import { fetchProducts, saveProducts } from './shop';

export default inngest.createFunction(
  {
    id: 'sync-shopify-products',
    retries: 2,
    onFailure: async ({ error, event }) => {
      const originalEvent = event.data.event;
      const slack = new WebClient(process.env.SLACK_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

      const result = await slack.chat.postMessage({
        channel: 'C0ALERTS',
        text: 'A sync has failed',
        blocks: [
          {
            type: 'section',
            text: {
              type: 'mrkdwn',
              text: `The sync of store *${originalEvent.data.storeId}* has failed: ${error.toString()}`,
            },
          },
        ],
      });

      return result;
    },
  },
  { event: 'shop/product_sync.requested' },
  async ({ event, step, runId }) => {
    const products = await step.run('fetch-products', async () => fetchProducts(String(event.data.storeId)));

    await step.run('save-products', async () => saveProducts(products, runId));
  },
);
