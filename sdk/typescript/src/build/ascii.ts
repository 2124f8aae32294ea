// The bundle's text, one byte a character: the engine keeps it in memory, and takes two for each as soon as one needs it.

/** A comment's start, where it begins the line or follows code. */
const COMMENT = /^\s*(?:\*|\/\/|\/\*)| \/\/ /;

/** The bundler escapes what is not ASCII in code. In comments, which it keeps as they are, it becomes a question mark. */
export const asciiComments = (code: string): string =>
  code.replace(/^.*[^\0-\x7f].*$/gm, (line) => {
    const start = COMMENT.exec(line)?.index;
    return start === undefined ? line : line.slice(0, start) + line.slice(start).replace(/[^\0-\x7f]/g, '?');
  });
