// For tsconfig's "types": the package `inngest` has the types of what it is built as, be it installed or not.

declare module 'inngest' {
  export * from '@stepwell/sdk/inngest';
}

declare module 'inngest/types' {
  export * from '@stepwell/sdk/inngest';
}
