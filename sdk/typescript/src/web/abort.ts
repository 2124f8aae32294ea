// Parts of `AbortSignal` that the engine lacks, or does otherwise than the standard.

const aborted = () => new DOMException('This operation was aborted', 'AbortError');
const timedOut = () => new DOMException('The operation was aborted due to timeout', 'TimeoutError');

/** Puts the standard's own in place. Its `timeout` waits by the timers that know of requests. */
export function installAbort() {
  const { abort } = AbortController.prototype;
  Object.assign(AbortController.prototype, {
    abort(this: AbortController, reason: unknown = aborted()) {
      abort.call(this, reason);
    },
  });
  Object.assign(AbortSignal, {
    abort: (reason: unknown = aborted()) => abortedBy(reason),
    timeout(ms: number): AbortSignal {
      const controller = new AbortController();
      setTimeout(() => controller.abort(timedOut()), ms);
      return controller.signal;
    },
    any,
  });
  Object.assign(AbortSignal.prototype, {
    throwIfAborted(this: AbortSignal) {
      if (this.aborted) throw this.reason;
    },
  });
  Object.defineProperty(AbortSignal.prototype, 'onabort', { configurable: true, enumerable: true, ...onabort() });
}

function abortedBy(reason: unknown): AbortSignal {
  const controller = new AbortController();
  controller.abort(reason);
  return controller.signal;
}

/** Aborted as soon as one of them is, for that one's reason. */
function any(signals: Iterable<AbortSignal>): AbortSignal {
  const all = [...signals];
  const first = all.find(({ aborted }) => aborted);
  if (first) return abortedBy(first.reason);
  const controller = new AbortController();
  for (const signal of all) {
    signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
}

/** The engine's accessor forgets which function it has added. */
function onabort(): PropertyDescriptor {
  const handlers = new WeakMap<AbortSignal, unknown>();
  return {
    get(this: AbortSignal) {
      return handlers.get(this) ?? null;
    },
    set(this: AbortSignal, handler: unknown) {
      if (!handlers.has(this)) {
        this.addEventListener('abort', (event) => {
          const current = handlers.get(this);
          if (typeof current === 'function') current.call(this, event);
        });
      }
      handlers.set(this, handler);
    },
  };
}
