// Test doubles of operations: results in the place of their code, faults and crashes.

interface Fault {
  error: unknown;
  /** How many attempts are still to fail. */
  times: number;
}

/** By the ids of operations, whatever run they are of. */
export class Doubles {
  readonly #mocks = new Map<string, unknown>();
  readonly #faults = new Map<string, Fault[]>();
  readonly #crashes = new Map<string, number>();

  mock(id: string, value: unknown) {
    this.#mocks.set(id, value);
  }

  /** The next attempts of the operation fail. */
  fail(id: string, error: unknown, times: number) {
    this.#faults.set(id, [...(this.#faults.get(id) ?? []), { error, times }]);
  }

  /** The instance is lost the next times that the step's code has run. */
  crash(id: string, times: number) {
    this.#crashes.set(id, (this.#crashes.get(id) ?? 0) + times);
  }

  isMocked(id: string): boolean {
    return this.#mocks.has(id);
  }

  /** Whether the test has said what it comes to now. */
  has(id: string): boolean {
    return this.isMocked(id) || (this.#faults.get(id) ?? []).length > 0;
  }

  /** Returns the operation's result, given its input. Throws if it is to fail; `own` is what it does by itself. */
  comeTo(id: string, input: unknown[], own?: () => unknown): unknown {
    const fault = this.#takeFault(id);
    if (fault) throw fault.error;
    if (!this.isMocked(id)) return own?.();
    const mock = this.#mocks.get(id);
    return typeof mock === 'function' ? mock(...input) : mock;
  }

  #takeFault(id: string): Fault | undefined {
    const faults = this.#faults.get(id) ?? [];
    const [first] = faults;
    if (!first) return undefined;
    first.times -= 1;
    if (first.times <= 0) faults.shift();
    return first;
  }

  /** Whether the instance is lost now. */
  takeCrash(id: string): boolean {
    const left = this.#crashes.get(id) ?? 0;
    this.#crashes.set(id, Math.max(left - 1, 0));
    return left > 0;
  }
}
