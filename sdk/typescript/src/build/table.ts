// From the bundler's source map to a table that needs no decoding when an error is told.
import { relative, resolve } from 'node:path';
import type { SourceTable } from '../stack.js';

interface SourceMap {
  sources: string[];
  mappings: string;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * The table for a bundle to which one line is added at its beginning. Sources are told from the project's folder, those
 * of the SDK by its name; `folder` is where the map's paths start from.
 */
export function tableOf(json: string, folder: string, project: string, sdk: string): SourceTable {
  const map: SourceMap = JSON.parse(json);
  const sources = map.sources.map((source) => {
    const path = resolve(folder, source);
    return path.startsWith(`${sdk}/`) ? `@stepwell/sdk/${relative(sdk, path)}` : relative(project, path);
  });
  const isForeign = sources.map((source) => /^@stepwell\/sdk\/|(^|\/)node_modules\//.test(source));
  return { sources, lines: `\n${absolute(map.mappings, isForeign)}` };
}

/**
 * The mappings with absolute numbers; columns start anew in each line, the rest goes on. Of what others have written, the
 * first place in each of their lines is enough: the table is in the memory of each instance.
 */
function absolute(mappings: string, isForeign: boolean[]): string {
  let [source, line, column] = [0, 0, 0];
  const lines = mappings.split(';').map((text) => {
    let start = 0;
    let last = [-1, -1];
    const parts = text
      .split(',')
      .filter((part) => part !== '')
      .map((part) => {
        const [byStart = 0, bySource = 0, byLine = 0, byColumn = 0] = decode(part);
        start += byStart;
        source += bySource;
        line += byLine;
        column += byColumn;
        const isKnown = isForeign[source] && source === last[0] && line === last[1];
        last = [source, line];
        return isKnown ? '' : `${start},${source},${line},${column}`;
      });
    return parts.filter((part) => part !== '').join(' ');
  });
  return lines.join('\n');
}

/** A part's numbers: base 64, six bits a digit, the sixth for "more follows", the first of all for the sign. */
function decode(part: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of part) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}
