// Small parts of the Web that packages ask for when they are loaded.

/** Adds what the engine lacks. */
export function installMisc() {
  const scope: Record<string, unknown> = globalThis as never;
  Object.assign(URL, { canParse, parse });
  scope['MessageChannel'] ??= MessageChannel;
  scope['MessagePort'] ??= MessagePort;
  scope['MessageEvent'] ??= MessageEvent;
  scope['WebSocket'] ??= WebSocket;
  scope['setImmediate'] ??= (callback: (...given: unknown[]) => void, ...given: unknown[]) =>
    setTimeout(callback, 0, ...given);
  scope['clearImmediate'] ??= clearTimeout;
}

function parse(url: string, base?: string): URL | null {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
}

const canParse = (url: string, base?: string): boolean => parse(url, base) !== null;

class MessageEvent extends Event {
  readonly data: unknown;
  readonly origin = '';
  readonly lastEventId: string = '';

  constructor(type: string, { data = null, ...init }: ConstructorParameters<typeof Event>[1] & { data?: unknown } = {}) {
    super(type, init);
    this.data = data;
  }
}

/** An end of a channel. What is posted arrives in a later turn of the event loop, as a copy. */
class MessagePort extends EventTarget {
  #other: MessagePort | undefined;
  #handler: unknown = null;
  #waiting: unknown[] | undefined = [];

  static pair(): [MessagePort, MessagePort] {
    const ports: [MessagePort, MessagePort] = [new MessagePort(), new MessagePort()];
    [ports[0].#other, ports[1].#other] = [ports[1], ports[0]];
    return ports;
  }

  postMessage(message: unknown) {
    const other = this.#other;
    if (!other) return;
    const data = structuredClone(message);
    if (other.#waiting) other.#waiting.push(data);
    else other.#deliver(data);
  }

  start() {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const data of waiting) this.#deliver(data);
  }

  close() {
    if (this.#other) this.#other.#other = undefined;
    this.#other = undefined;
  }

  get onmessage(): unknown {
    return this.#handler;
  }

  set onmessage(handler: unknown) {
    this.#handler = handler;
    this.start();
  }

  #deliver(data: unknown) {
    setTimeout(() => {
      const event = new MessageEvent('message', { data });
      if (typeof this.#handler === 'function') this.#handler.call(this, event);
      this.dispatchEvent(event);
    }, 0);
  }
}

class MessageChannel {
  readonly port1: MessagePort;
  readonly port2: MessagePort;

  constructor() {
    [this.port1, this.port2] = MessagePort.pair();
  }
}

/** Packages take it for granted, and few of them open one: that fails, and says why. */
class WebSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  constructor() {
    super();
    throw new DOMException(
      'a plugin has no sockets: a WebSocket cannot be opened; use `fetch` inside a step, or `step.fetch`',
      'NotSupportedError',
    );
  }
}
