// Videos: steps side by side, and who pays goes first.
import { inngest, videoReady, videoUploaded } from '../events';

/** 7. Parallel steps, priority, one run for each video, and an event at the end. */
export const processVideo = inngest.createFunction(
  {
    id: 'process-video',
    triggers: videoUploaded,
    priority: { run: "event.data.plan == 'pro' ? 120 : 0" },
    idempotency: 'event.data.videoId',
  },
  async ({ event, step, group }) => {
    const { videoId } = event.data;
    const [summary, formats] = await Promise.all([
      step.run('summarize', async () => `about ${videoId}`),
      group.parallel(() => Promise.all(['hd', 'sd'].map((format) => step.run(`transcode-${format}`, () => format)))),
    ]);
    await step.sendEvent('tell', videoReady.create({ videoId, formats }));
    return { summary, formats };
  },
);

/** 8. What is waited for by somebody: hears that a video is ready. */
export const notifyOfVideo = inngest.createFunction(
  { id: 'notify-of-video', triggers: [videoReady] },
  async ({ event, step }) => step.run('notify', () => `${event.data.videoId} is ready in ${event.data.formats.length}`),
);
