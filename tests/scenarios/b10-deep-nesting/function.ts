// A document of many levels: as a step's result, as an event, as an error's details, and one that is too deep.
import { createFunction } from '@stepwell/sdk';

const nested = (levels: number) => {
  let value: unknown = 'core';
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
};

const levels = (value: unknown) => {
  let levels = 0;
  while (Array.isArray(value)) {
    value = value[0];
    levels += 1;
  }
  return levels;
};

export const b10 = createFunction({ id: 'b10', retries: 0 }, { event: 'b10/go' }, async ({ step }) => {
  const doc = await step.run('deep', () => nested(990));
  await step.sendEvent('send', { name: 'b10/deep', data: { doc } });
  const message = await step.run('too-deep', () => nested(1_001)).catch((error: Error) => error.message);
  await step.run('says', () => String(message).includes('nested deeper than 1000 levels'));
  const error = new Error('with details');
  throw Object.assign(error, { name: 'DeepError', order: 7, doc: nested(1_200) });
});

export const depth = createFunction<{ doc: unknown }>({ id: 'b10-depth' }, { event: 'b10/deep' }, ({ event }) =>
  levels(event.data.doc),
);
