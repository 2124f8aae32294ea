// Standard Schema, which Zod, Valibot, ArkType and others have: https://standardschema.dev.

/** A schema of any library. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of what a schema lets through, Zod's before 3.24 included. */
export type OutputOf<S> =
  S extends StandardSchemaV1<infer _, infer Output>
    ? Output
    : S extends { readonly _output: infer Output }
      ? Output
      : unknown;

/** Says for people what is wrong with a value; undefined if nothing is. */
export async function issuesOf(schema: StandardSchemaV1, value: unknown): Promise<string | undefined> {
  const { issues } = await schema['~standard'].validate(value);
  return issues
    ?.map(({ message, path }) => (path?.length ? `${path.map(keyOf).join('.')}: ${message}` : message))
    .join('; ');
}

const keyOf = (part: PropertyKey | { readonly key: PropertyKey }): string =>
  String(typeof part === 'object' ? part.key : part);
