// Types that modules for Inngest ask of a client or a function.
import type { HandlerContext } from './context.js';
import type { EventOf, EventPayload, ReceivedEvent, DataOf, NameOf } from './events.js';
import type { ClientOptions, Inngest, ShapesOf } from './client.js';
import type { Result } from './tools.js';

type OptionsOf<C> = C extends { readonly '~options'?: infer O } ? Exclude<O, undefined> : ClientOptions;

type ShapesOfClient<C> = ShapesOf<OptionsOf<C>>;

/** A client's events by their names. */
export type GetEvents<C extends { readonly '~options'?: ClientOptions }> = {
  [Name in keyof ShapesOfClient<C> & string]: EventPayload<DataOf<ShapesOfClient<C>, Name>> & {
    name: Name;
    data: DataOf<ShapesOfClient<C>, Name>;
  };
};

/** The context of a handler, for an event of that name. */
export type GetFunctionInput<
  C extends { readonly '~options'?: ClientOptions },
  Name extends NameOf<ShapesOfClient<C>> = never,
> = HandlerContext<
  [Name] extends [never] ? ReceivedEvent : EventOf<ShapesOfClient<C>, { event: Name }>,
  ShapesOfClient<C>
>;

/** The tools of a client's functions. */
export type GetStepTools<
  C extends { readonly '~options'?: ClientOptions },
  _Name extends NameOf<ShapesOfClient<C>> = never,
> = GetFunctionInput<C>['step'];

/** The result that a function's invoker receives. */
export type GetFunctionOutput<F> = Result<F>;

export type ClientOptionsFromInngest<C> = OptionsOf<C>;

/** The context of a handler. */
export type Context<C extends Inngest.Any = Inngest.Any> = GetFunctionInput<C>;

export type Handler<C extends Inngest.Any = Inngest.Any> = (context: Context<C>) => unknown;
