// Functions of benchmarks in TypeScript: those of the guest `bench` that one instance is measured by.
import { createFunction } from '@stepwell/sdk';

const STEPS = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9'];

export const tenSteps = createFunction({ id: 'ten-steps' }, { event: 'bench/ten-steps' }, async ({ step }) => {
  let sum = 0;
  for (const id of STEPS) sum += await step.run(id, () => 1);
  return sum;
});

export const noSteps = createFunction({ id: 'no-steps' }, { event: 'bench/no-steps' }, () => 0);

export const manySteps = createFunction<{ steps: number }>(
  { id: 'many-steps' },
  { event: 'bench/many-steps' },
  async ({ event, step }) => {
    let sum = 0;
    for (let n = 0; n < event.data.steps; n++) sum += await step.run('step', () => 1);
    return sum;
  },
);

export const payload = createFunction<{ bytes: number }>({ id: 'payload' }, { event: 'bench/payload' }, ({ event }) =>
  'x'.repeat(event.data.bytes),
);
