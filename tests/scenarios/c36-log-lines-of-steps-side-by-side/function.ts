// Steps side by side that write to the log, one of them at two attempts.
import { createFunction } from '@stepwell/sdk';

export const c36 = createFunction({ id: 'c36' }, { event: 'c36/go' }, async ({ attempt, step, logger }) => {
  logger.info('begins');
  const say = (id: string, ms: number) =>
    step.run(id, async () => {
      for (let n = 0; n < 3; n += 1) logger.info(`${id} says ${n}`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (id === 'b' && attempt === 0) throw new Error('once more');
    });
  await Promise.all([say('a', 0), say('b', 300), say('c', 600)]);
  logger.info('ends');
});
