// The part of regexpu-core that the build uses; the package comes without types.
declare module 'regexpu-core' {
  interface Options {
    unicodePropertyEscapes?: 'transform' | false;
    unicodeSetsFlag?: 'transform' | 'parse' | false;
  }
  /** The pattern with what the options name written out; throws what is not valid. */
  export default function rewritePattern(pattern: string, flags: string, options: Options): string;
}
