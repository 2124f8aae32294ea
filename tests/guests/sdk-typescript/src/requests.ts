// Functions for tests/it/requests.rs: requests of a step, and the Web's interfaces around them.
import { createFunction, type Context } from '@stepwell/sdk';

/** What to do, against which server, how often or how large. */
interface Asked {
  what: string;
  url: string;
  n: number;
}

/** One step that does what the event's `what` names, and returns what it has come to. */
export const requests = createFunction<Asked>({ id: 'requests', retries: 0 }, { event: 'ts/requests' }, (context) =>
  (BODIES[context.event.data.what] ?? inStep)(context),
);

function inStep({ step, event }: Context<Asked>) {
  const { what, url, n } = event.data;
  return step.run('request', () => {
    const act = STEPS[what];
    if (!act) throw new Error(`${what}?`);
    return act(url, n);
  });
}

const BODIES: Record<string, (context: Context<Asked>) => unknown> = {
  'step.fetch': async ({ step, event }) => {
    const response = await step.fetch('asked', event.data.url);
    return [response.status, (await response.text()).length];
  },
};

const STEPS: Record<string, (url: string, n: number) => unknown> = {
  'one after the other': async (url, n) => {
    let characters = 0;
    for (let i = 0; i < n; i++) characters += (await (await fetch(`${url}/hello`)).text()).length;
    return characters;
  },
  'all at once': async (url, n) => {
    const all = Array.from({ length: n }, async () => (await (await fetch(`${url}/hello`)).text()).length);
    return (await Promise.all(all)).reduce((sum, characters) => sum + characters);
  },
  'never read': async (url, n) => {
    let ok = 0;
    for (let i = 0; i < n; i++) ok += Number((await fetch(`${url}/hello`)).ok);
    return ok;
  },
  whole: async (url, n) => (await (await fetch(`${url}/size/${n}`)).arrayBuffer()).byteLength,
  stream: async (url, n) => {
    let bytes = 0;
    for await (const chunk of (await fetch(`${url}/size/${n}`)).body!) bytes += chunk.length;
    return bytes;
  },
  unpacked: async (url) => {
    let bytes = 0;
    for await (const chunk of (await fetch(url)).body!) bytes += chunk.length;
    return bytes;
  },
  text: async (url) => (await fetch(url)).text(),
  status: async (url) => (await fetch(url)).status,
  'post times out': (url, n) =>
    told(fetch(url, { method: 'POST', body: '{"a":1}', signal: AbortSignal.timeout(n) })),
  'body times out': async (url, n) => {
    const controller = new AbortController();
    const response = await fetch(url, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), n);
    return told(response.text());
  },
  'stream is sent': async (url, n) => {
    let left = n;
    const body = new ReadableStream({
      pull: async (controller) => {
        if (left-- === 0) return controller.close();
        await new Promise((resolve) => setTimeout(resolve, 1));
        controller.enqueue(new Uint8Array(1000));
      },
    });
    return (await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit)).text();
  },
  'answered early': async (url, n) => {
    let isCancelled = false;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(1000)),
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        if (n-- === 0) controller.close();
        else controller.enqueue(new Uint8Array(1000));
      },
      cancel: () => void (isCancelled = true),
    });
    const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    const text = await response.text();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return [response.status, text, isCancelled];
  },
  'posts at once': async (url, n) => {
    const post = async (i: number) => (await fetch(url, { method: 'POST', body: 'x'.repeat(1 + (i % 9)) })).text();
    const all = await Promise.all(Array.from({ length: n }, (_, i) => post(i)));
    return all.filter((text) => /^POST [1-9] bytes$/.test(text)).length;
  },
  follow: (url) => redirected(url, 'follow'),
  manual: (url) => redirected(url, 'manual'),
  error: (url) => told(redirected(url, 'error')),
  'post is redirected': async (url) => {
    const headers = { authorization: 'Bearer secret' };
    const response = await fetch(url, { method: 'POST', body: 'told', headers });
    return response.text();
  },
  'told what failed': (url) => told(fetch(url)),
  'too many open': async (url, n) => {
    const open = [];
    for (let i = 0; i < n; i++) open.push(await fetch(`${url}/size/1000000`));
    return open.length;
  },
  'too many timers': async (_, n) => {
    for (let i = 0; i < n; i++) setTimeout(() => {}, 3_600_000);
    return n;
  },
  'too much memory': async () => {
    const kept: Uint8Array[] = [];
    for (;;) kept.push(new Uint8Array(1 << 20).fill(1));
  },
  'timer throws': () =>
    new Promise(() => {
      setTimeout(() => {
        throw new Error('from a timer');
      }, 1);
    }),
  'hostile getter': () => {
    const get = () => {
      throw new Error('not for you');
    };
    throw Object.defineProperty(new RangeError('the reason'), 'bad', { enumerable: true, get });
  },
  halves: () => ({ text: 'nice 😀'.slice(0, 6) }),
  'halves are thrown': () => {
    const text = 'nice 😀'.slice(0, 6);
    throw Object.assign(new Error(text), { text, order: 7 });
  },
  'timers keep their order': async (url) => {
    const fired: string[] = [];
    setTimeout(() => fired.push('late'), 30);
    setTimeout(() => fired.push('early'), 10);
    const cleared = setTimeout(() => fired.push('never'), 20);
    setTimeout(() => fired.push('at once'), 0);
    await fetch(`${url}/hello`);
    clearTimeout(cleared);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return fired;
  },
  'the web': theWeb,
  'keys and XML': keysAndXml,
};

async function redirected(url: string, redirect: RequestRedirect) {
  const response = await fetch(url, { redirect });
  return [response.status, response.redirected, new URL(response.url).pathname, await response.text()];
}

/** An error, by name, message and what is behind it. */
async function told(promised: Promise<unknown>) {
  try {
    return await promised;
  } catch (error) {
    const { name, message, cause } = error as Error;
    return cause instanceof Error ? [name, message, cause.message, Reflect.get(cause, 'code')] : [name, message];
  }
}

/** What packages ask of the Web, each with what it comes to. */
async function theWeb(url: string) {
  const response = await fetch(`${url}/hello`);
  const clone = response.clone();
  const channel = new MessageChannel();
  const message = new Promise((resolve) => (channel.port2.onmessage = ({ data }) => resolve(data)));
  channel.port1.postMessage({ a: 1 });
  const chunks = [];
  for await (const chunk of new Response('abc').body!.pipeThrough(new TextDecoderStream())) chunks.push(chunk);
  const listened: string[] = [];
  const controller = new AbortController();
  const any = AbortSignal.any([new AbortController().signal, controller.signal]);
  any.addEventListener('abort', () => listened.push('any'));
  controller.signal.onabort = () => listened.push('onabort');
  controller.abort();
  return {
    clone: [await response.text(), await clone.text(), clone.url === response.url],
    aborted: [AbortSignal.abort().reason.name, any.aborted, listened.sort(), thrownBy(() => any.throwIfAborted())],
    urls: [URL.canParse('x:y'), URL.canParse('no')],
    message: await message,
    socket: thrownBy(() => new WebSocket('wss://example.com')),
    chunks,
    latin1: await new Response(new Uint8Array([0xe9, 0x61])).text(),
    from: await new Response(streamOf([new Uint8Array([104]), new Uint8Array([105])])).text(),
    form: (await new Response(new URLSearchParams({ a: 'b' })).formData()).get('a'),
    request: await new Request(url, { method: 'POST', body: 'told' }).clone().text(),
    data: await (await fetch('data:text/plain;base64,aGk=')).text(),
  };
}

/** What is bundled since this module names it. */
async function keysAndXml() {
  const { subtle } = crypto;
  const data = new TextEncoder().encode('told');
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const { privateKey, publicKey } = await subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const written = await subtle.exportKey('pkcs8', privateKey);
  const read = await subtle.importKey('pkcs8', written, ecdsa, false, ['sign']);
  const gcm = { name: 'AES-GCM', length: 256, iv: new Uint8Array(12) };
  const key = await subtle.generateKey(gcm, false, ['encrypt', 'decrypt']);
  const password = await subtle.importKey('raw', data, 'PBKDF2', false, ['deriveBits']);
  const pbkdf2 = { name: 'PBKDF2', hash: 'SHA-256', salt: data, iterations: 1000 };
  const hmac = await subtle.importKey('raw', data, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const xml = new DOMParser().parseFromString('<Error><Code>NoSuchKey</Code></Error>', 'application/xml');
  const broken = new DOMParser().parseFromString('<Error>', 'application/xml');
  return {
    isSigned: await subtle.verify(ecdsa, publicKey, await subtle.sign(ecdsa, read, data), data),
    unsealed: new TextDecoder().decode(await subtle.decrypt(gcm, key, await subtle.encrypt(gcm, key, data))),
    bits: (await subtle.deriveBits(pbkdf2, password, 256)).byteLength,
    hmac: (await subtle.sign('HMAC', hmac, data)).byteLength,
    code: xml.getElementsByTagName('Code')[0]?.textContent,
    broken: broken.getElementsByTagName('parsererror').length,
  };
}

/** The editor's types do not know it yet. */
const streamOf = (chunks: Uint8Array[]): BodyInit => Reflect.get(ReadableStream, 'from')(chunks);

function thrownBy(act: () => unknown) {
  try {
    return act();
  } catch (error) {
    return (error as Error).name;
  }
}
