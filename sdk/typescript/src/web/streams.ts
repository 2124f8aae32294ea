// Parts that the engine's streams lack: iteration, `ReadableStream.from`, and the streams that encode and decode text.

type Chunks<T> = AsyncIterable<T> | Iterable<T | PromiseLike<T>>;

/** Adds it. */
export function installStreams() {
  const { prototype } = ReadableStream;
  for (const name of ['values', Symbol.asyncIterator]) {
    if (name in prototype) continue;
    Object.defineProperty(prototype, name, { configurable: true, writable: true, value: values });
  }
  if (!('from' in ReadableStream)) Object.assign(ReadableStream, { from });
  Object.assign(globalThis, { TextDecoderStream, TextEncoderStream });
}

/** Yields the chunks. Unless asked not to, it cancels the stream when the loop is left early. */
async function* values<T>(this: ReadableStream<T>, { preventCancel = false } = {}): AsyncGenerator<T, void> {
  const reader = this.getReader();
  let isAtEnd = false;
  try {
    for (;;) {
      const part = await reader.read().catch((error: unknown) => {
        isAtEnd = true;
        throw error;
      });
      isAtEnd = part.done;
      if (part.done) return;
      yield part.value;
    }
  } finally {
    if (!isAtEnd && !preventCancel) void reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

function from<T>(chunks: Chunks<T>): ReadableStream<T> {
  const iterator =
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : (chunks[Symbol.iterator]() as Iterator<T>);
  return new ReadableStream<T>(
    {
      pull: async (controller) => {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(await value);
      },
      cancel: async () => void (await iterator.return?.()),
    },
    { highWaterMark: 0 },
  );
}

class TextDecoderStream extends TransformStream<Uint8Array, string> {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  constructor(label = 'utf-8', options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const decoder = new TextDecoder(label, options);
    super({
      transform: (chunk, controller) => {
        const text = decoder.decode(chunk, { stream: true });
        if (text !== '') controller.enqueue(text);
      },
      flush: (controller) => {
        const text = decoder.decode();
        if (text !== '') controller.enqueue(text);
      },
    });
    ({ encoding: this.encoding, fatal: this.fatal, ignoreBOM: this.ignoreBOM } = decoder);
  }
}

class TextEncoderStream extends TransformStream<string, Uint8Array> {
  readonly encoding = 'utf-8';

  constructor() {
    const encoder = new TextEncoder();
    // The first half of a surrogate pair, whose other half may be the next chunk's first character.
    let half = '';
    super({
      transform: (chunk, controller) => {
        const text = half + String(chunk);
        half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
        const bytes = encoder.encode(text.slice(0, text.length - half.length));
        if (bytes.length > 0) controller.enqueue(bytes);
      },
      flush: (controller) => {
        if (half !== '') controller.enqueue(encoder.encode(half));
      },
    });
  }
}
