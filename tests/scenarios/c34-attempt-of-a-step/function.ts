// Steps that succeed at their third attempt, alone and beside another step.
import { createFunction } from '@stepwell/sdk';

const thirdTime = (attempt: number) => {
  if (attempt < 2) throw new Error(`busy at attempt ${attempt}`);
  return attempt;
};

export const c34 = createFunction({ id: 'c34' }, { event: 'c34/alone' }, ({ attempt, step }) =>
  step.run('a', () => thirdTime(attempt)),
);

export const beside = createFunction({ id: 'c34-beside' }, { event: 'c34/beside' }, ({ attempt, step }) => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return attempt;
  };
  return Promise.all([step.run('a', () => thirdTime(attempt)), step.run('b', slow)]);
});
