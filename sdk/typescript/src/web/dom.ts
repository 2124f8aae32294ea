// `DOMParser` where a plugin's modules name it, as the AWS SDK's for browsers do: the build adds this module then. Its
// library is evaluated when it is first used, so that it is not in the memory of each instance.

// The bundler's: a module of the kind that is evaluated where it is asked for.
declare const require: (name: '@xmldom/xmldom') => typeof import('@xmldom/xmldom');

const library = () => require('@xmldom/xmldom');

class DOMParser {
  /** Parses a text; one that is not well formed becomes a document that says so, as in browsers. */
  parseFromString(text: string, type: string): object {
    const { DOMParser: Parser } = library();
    const onError = (level: string, message: string) => {
      if (level !== 'warning') throw new SyntaxError(message);
    };
    try {
      return new Parser({ onError }).parseFromString(text, type);
    } catch (error) {
      const document = new Parser().parseFromString('<parsererror/>', 'application/xml');
      document.documentElement!.textContent = error instanceof Error ? error.message : String(error);
      return document;
    }
  }
}

Object.assign(globalThis, { DOMParser });
for (const name of ['Node', 'XMLSerializer'] as const) {
  Object.defineProperty(globalThis, name, { configurable: true, get: () => library()[name] });
}
