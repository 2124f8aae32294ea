// Events: what starts a run, what is waited for, what is sent.

/** An event. `Data` is what its author says of its data; it is not checked. */
export interface StepwellEvent<Data = Record<string, unknown>> {
  /** Such as `shop/product.imported`. */
  name: string;
  data: Data;
  id: string;
  /** When it happened, in milliseconds since 1970. */
  ts: number;
  user?: Record<string, unknown>;
  v?: string;
}

/** An event to send. */
export interface NewEvent<Data = Record<string, unknown>> {
  name: string;
  data?: Data;
  /** A second event with it starts no function again within 24 hours. */
  id?: string;
  /** When it happened; in the future: when it is to start functions. */
  ts?: number;
  user?: Record<string, unknown>;
  v?: string;
  meta?: Record<string, unknown>;
}

/** The data of `inngest/function.failed`: what a failure handler and a listener to failures get. */
export interface FunctionFailed<Data = Record<string, unknown>> {
  /** The failed function's composite id, `<plugin>-<function>`. */
  function_id: string;
  /** The failed run. */
  run_id: string;
  /** The event that had started it. */
  event: StepwellEvent<Data>;
  /** All events that had started it, the first included. */
  events: StepwellEvent<Data>[];
  error: FailedError;
}

/** The error in that data. */
export interface FailedError {
  name: string;
  message: string;
  stack?: string;
  cause?: unknown;
  code?: string;
  /** Its custom fields. */
  details?: Record<string, unknown>;
  kind?: string;
  /** The step it came from. */
  step_id?: string;
  attempts?: number;
}
