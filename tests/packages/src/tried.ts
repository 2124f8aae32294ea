// A function that tries one package: on its own event, in one step, against the server whose address the event brings.
import { createFunction } from '@stepwell/sdk';

/** `name` is the package's, its event `packages/<name>`; `call` gets the server's address, such as `http://127.0.0.1:4000`. */
export function tried(name: string, call: (url: string) => unknown) {
  const id = name.replace('@', '').replaceAll('/', '-');
  return createFunction<{ url: string }>({ id, retries: 0 }, { event: `packages/${name}` }, ({ event, step }) =>
    step.run('call', () => call(event.data.url)),
  );
}
