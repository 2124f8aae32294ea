// `DOMParser` where a plugin's modules name it, as the AWS SDK's for browsers do: the build adds this module then.
import { DOMParser as Parser, Node, XMLSerializer, type Document } from '@xmldom/xmldom';

const XML = 'application/xml';

class DOMParser {
  /** What is not well formed becomes a document that says so, as in browsers. */
  parseFromString(text: string, type: string): Document {
    const onError = (level: string, message: string) => {
      if (level !== 'warning') throw new SyntaxError(message);
    };
    try {
      return new Parser({ onError }).parseFromString(text, type);
    } catch (error) {
      const document = new Parser().parseFromString('<parsererror/>', XML);
      document.documentElement!.textContent = error instanceof Error ? error.message : String(error);
      return document;
    }
  }
}

Object.assign(globalThis, { DOMParser, Node, XMLSerializer });
