// The smallest plugin: one function with one step.
import { createFunction, plugin } from '@stepwell/sdk';

interface Visitor {
  name: string;
}

export default plugin(
  createFunction<Visitor>({ id: 'hello' }, { event: 'demo/hello' }, async ({ event, step }) =>
    step.run('greet', () => `Hello, ${event.data.name}!`),
  ),
);
