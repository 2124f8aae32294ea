// A race of two steps, and a step behind it. Even the faster one takes long enough for both to have begun.
import { createFunction } from '@stepwell/sdk';

export const d8 = createFunction({ id: 'd8' }, { event: 'd8/go' }, async ({ step }) => {
  const racer = (id: string, ms: number) =>
    step.run(id, async () => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return id;
    });
  const winner = await Promise.race([racer('slow', 800), racer('fast', 400)]);
  return step.run('next', () => `${winner}, then next`);
});
