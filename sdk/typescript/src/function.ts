// Functions: what starts them, what they do, and what handles their failures.
import { bodyOf, failureBodyOf, type Body, type FailureBody, type Handler, type FailureHandler } from './context.js';
import type { Definition } from './contract.js';
import type { FunctionFailed } from './event.js';
import { optionsJson, type Options, type Trigger } from './options.js';
import type { FunctionReference } from './step.js';

/** The definition of a function, its failure handler included. */
export interface FunctionOptions<Data = Record<string, unknown>> extends Options {
  /** The handler of a run that has failed for good. It is a function of its own, with a run of its own. */
  onFailure?: FailureHandler<Data>;
}

/** A durable function, made by {@link createFunction}. */
export class StepwellFunction {
  readonly id: string;
  readonly definition: Definition;
  readonly body: Body;
  readonly failureBody: FailureBody | undefined;

  constructor(definition: Definition, body: Body, failureBody: FailureBody | undefined) {
    this.id = definition.id;
    this.definition = definition;
    this.body = body;
    this.failureBody = failureBody;
  }
}

/**
 * A durable function. `Data` is the type of its events' data.
 *
 * ```ts
 * createFunction<{ sku: string }>(
 *   { id: 'import-images', retries: 2, onFailure: async ({ error }) => alertTeam(error) },
 *   { event: 'shop/product.imported' },
 *   async ({ event, step }) => step.run('fetch', () => fetchImages(event.data.sku)),
 * )
 * ```
 */
export function createFunction<Data = Record<string, unknown>>(
  options: FunctionOptions<Data>,
  triggers: Trigger | Trigger[],
  handler: Handler<Data>,
): StepwellFunction;
/** The same, with its triggers among the options. */
export function createFunction<Data = Record<string, unknown>>(
  options: FunctionOptions<Data>,
  handler: Handler<Data>,
): StepwellFunction;
export function createFunction<Data>(
  options: FunctionOptions<Data>,
  second: Trigger | Trigger[] | Handler<Data>,
  third?: Handler<Data>,
): StepwellFunction {
  const handler = typeof second === 'function' ? second : third;
  const triggers = typeof second === 'function' ? (options.triggers ?? []) : second;
  if (typeof options?.id !== 'string' || options.id === '') throw new TypeError('a function needs an id');
  if (typeof handler !== 'function') throw new TypeError(`function "${options.id}" needs a handler`);
  return new StepwellFunction(
    {
      id: options.id,
      name: options.name ?? '',
      hasFailureHandler: options.onFailure !== undefined,
      options: optionsOf(options, Array.isArray(triggers) ? triggers : [triggers]),
    },
    bodyOf(handler),
    options.onFailure && failureBodyOf(options.onFailure),
  );
}

function optionsOf<Data>(options: FunctionOptions<Data>, triggers: Trigger[]): string {
  try {
    return optionsJson(options, triggers);
  } catch (error) {
    if (error instanceof TypeError) error.message = `function "${options.id}": ${error.message}`;
    throw error;
  }
}

/** For modules that make their functions by a client object. */
export class Stepwell {
  readonly id: string;
  readonly createFunction = createFunction;

  constructor({ id }: { id: string }) {
    this.id = id;
  }
}

/** A function of another plugin, to invoke. */
export const referenceFunction = (reference: FunctionReference): FunctionReference => reference;

export type { FunctionFailed };
