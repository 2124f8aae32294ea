// The common part of requests and responses: a body, of whatever it is made, that is read once.
import { whileBusy } from './waits.js';

/** The engine's own, which knows how a form is written and read. */
const EngineResponse = globalThis.Response;

/** The sources of a body. */
export type BodyInit = NonNullable<ConstructorParameters<typeof globalThis.Response>[0]>;

/** A body before it is read. */
interface Source {
  /** The whole of it; undefined if only a stream knows it. */
  bytes?: () => Promise<Uint8Array<ArrayBuffer>>;
  stream?: ReadableStream<Uint8Array>;
  /** Its content type, where that follows from what it is made of. */
  type?: string | undefined;
}

/** A body, and how it is read. */
export abstract class Body {
  #source: Source | null = null;
  #stream: ReadableStream<Uint8Array> | undefined;
  #isUsed = false;
  abstract readonly headers: Headers;

  /** Gives it what it is made of, and the header that says what that is. */
  protected fill(given: BodyInit | null | undefined) {
    if (given == null) return;
    this.#source = sourceOf(given);
    const { type } = this.#source;
    if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type);
  }

  /** Makes this one's body of the other's. Both can be read afterwards. */
  protected share(other: Body) {
    if (other.bodyUsed || other.#stream?.locked) throw new TypeError('the body has been read or is being read');
    const source = other.#source;
    if (source === null) return;
    if (source.bytes && !other.#stream) {
      this.#source = source;
      return;
    }
    const [one, two] = other.body!.tee();
    other.#stream = one;
    this.#source = { stream: two };
  }

  /** Takes the body out, as bytes where these are known. */
  protected async taken(): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null> {
    if (this.#source === null) return null;
    this.#use();
    return this.#source.bytes && !this.#stream ? this.#source.bytes() : this.body!;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.#source === null) return null;
    this.#stream ??= this.#source.stream ?? streamOf(this.#source.bytes!);
    return this.#stream as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#stream !== undefined && DISTURBED.has(this.#stream));
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#source === null) return new Uint8Array();
    this.#use();
    if (this.#source.bytes && !this.#stream) return (await this.#source.bytes()).slice();
    return whole(this.body!);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  /** Reads what is not UTF-8 as U+FFFD. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async json(): Promise<any> {
    return JSON.parse(await this.text());
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' });
  }

  async formData(): Promise<FormData> {
    const type = this.headers.get('content-type') ?? '';
    const bytes = await this.bytes();
    return whileBusy(() => new EngineResponse(bytes, { headers: { 'content-type': type } }).formData());
  }

  #use() {
    if (this.bodyUsed || this.#stream?.locked) throw new TypeError('the body has been read or is being read');
    this.#isUsed = true;
  }
}

/** Streams that have been read from. */
const DISTURBED = new WeakSet<ReadableStream>();

/** Notes which streams are read: the engine does not say so. */
export function watchReaders() {
  const prototype = ReadableStream.prototype;
  const { getReader, cancel } = prototype;
  const { read, cancel: cancelReader } = ReadableStreamDefaultReader.prototype;
  const streams = new WeakMap<object, ReadableStream>();
  prototype.getReader = function (this: ReadableStream, ...given: []) {
    const reader = getReader.apply(this, given);
    streams.set(reader, this);
    return reader;
  } as typeof getReader;
  prototype.cancel = function (this: ReadableStream, reason) {
    DISTURBED.add(this);
    return cancel.call(this, reason);
  };
  const disturb = (reader: object) => {
    const stream = streams.get(reader);
    if (stream) DISTURBED.add(stream);
  };
  Object.assign(ReadableStreamDefaultReader.prototype, {
    read(this: ReadableStreamDefaultReader) {
      disturb(this);
      return read.call(this);
    },
    cancel(this: ReadableStreamDefaultReader, reason: unknown) {
      disturb(this);
      return cancelReader.call(this, reason);
    },
  });
}

function sourceOf(given: unknown): Source {
  if (given instanceof ReadableStream) {
    if (given.locked || DISTURBED.has(given)) throw new TypeError('the stream has been read or is being read');
    return { stream: given };
  }
  if (given instanceof Blob) {
    const bytes = async () => new Uint8Array(await whileBusy(() => given.arrayBuffer()));
    return { bytes, type: given.type === '' ? undefined : given.type };
  }
  if (given instanceof FormData) {
    const written = new EngineResponse(given);
    const type = written.headers.get('content-type') ?? undefined;
    let bytes: Promise<Uint8Array<ArrayBuffer>> | undefined;
    return { bytes: () => (bytes ??= whileBusy(async () => new Uint8Array(await written.arrayBuffer()))), type };
  }
  if (given instanceof ArrayBuffer || ArrayBuffer.isView(given)) return known(copied(given));
  if (given instanceof URLSearchParams) {
    return known(new TextEncoder().encode(String(given)), 'application/x-www-form-urlencoded;charset=UTF-8');
  }
  // As Node takes them.
  if (typeof given === 'object' && given !== null && Symbol.asyncIterator in given) {
    return { stream: ReadableStream.from(given as AsyncIterable<Uint8Array>) as unknown as ReadableStream<Uint8Array> };
  }
  return known(new TextEncoder().encode(String(given)), 'text/plain;charset=UTF-8');
}

const known = (bytes: Uint8Array<ArrayBuffer>, type?: string): Source => ({ bytes: async () => bytes, type });

function copied(given: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  const view = given instanceof ArrayBuffer ? new Uint8Array(given) : given;
  return new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function streamOf(bytes: () => Promise<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const all = await bytes();
      if (all.length > 0) controller.enqueue(all.slice());
      controller.close();
    },
  });
}

async function whole(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (!(part.value instanceof Uint8Array)) throw new TypeError('the stream of a body has to consist of Uint8Arrays');
    chunks.push(part.value);
    length += part.value.length;
  }
  if (chunks.length === 1 && chunks[0]!.byteLength === chunks[0]!.buffer.byteLength) {
    return chunks[0] as Uint8Array<ArrayBuffer>;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
