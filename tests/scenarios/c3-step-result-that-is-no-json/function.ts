// A step whose result contains itself.
import { createFunction } from '@stepwell/sdk';

interface Folder {
  name: string;
  parent?: Folder;
}

export const c3 = createFunction({ id: 'c3' }, { event: 'c3/go' }, async ({ step }) => {
  const root: Folder = { name: '/' };
  root.parent = root;
  const { parent } = (await step.run('a', (): object => root)) as { parent: unknown };
  return parent;
});
