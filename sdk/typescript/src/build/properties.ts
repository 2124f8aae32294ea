// Regular expressions with Unicode properties (`\p{…}`), which the engine lacks: the build writes out what they stand for.
import { parse, type Literal, type Node } from 'acorn';
import { simple } from 'acorn-walk';
import rewritePattern from 'regexpu-core';

/** A pattern that the engine takes, and its flags. */
type Lowered = [pattern: string, flags: string];

/** What a call of the helper may be named; none is longer than the shortest expression that it replaces. */
const NAMES = ['$p', '$P', '_p', '_P'];

/**
 * The bundle with calls in the place of such expressions, each as long as what it replaces: the source map stays right.
 * Throws an `Error` that names the expression if its pattern is not valid. What is made of a text that is known only at run
 * time stays as it is; the engine refuses it there.
 */
export function lowerProperties(code: string): string {
  if (!/\\[pP]\{/.test(code)) return code;
  const found = expressionsIn(code);
  if (found.length === 0) return code;
  const name = NAMES.find((name) => !new RegExp(`(?<![\\w$])\\${name}(?![\\w$])`).test(code));
  if (name === undefined) throw new Error(`the bundle uses all of the names ${NAMES.join(', ')}`);
  const lowered: Lowered[] = [];
  let out = '';
  let from = 0;
  for (const { node, pattern, flags } of found) {
    const call = `${name}(${lowered.push(lower(pattern, flags)) - 1})`;
    out += code.slice(from, node.start) + call.padEnd(node.end - node.start);
    from = node.end;
  }
  // A function of its own name's property: it is there before any module is evaluated.
  const all = `(${name}.all ??= ${JSON.stringify(lowered)})`;
  return `${out}${code.slice(from)}\nfunction ${name}(n) { return new RegExp(...${all}[n]); }\n`;
}

interface Expression {
  node: Node;
  pattern: string;
  flags: string;
}

/** Literals, and `RegExp(…)` of literal texts, in their order. */
function expressionsIn(code: string): Expression[] {
  const found: Expression[] = [];
  const add = (node: Node, pattern: unknown, flags: unknown = '') => {
    if (typeof pattern !== 'string' || typeof flags !== 'string' || !/[uv]/.test(flags)) return;
    // Lines are not to move.
    if (/\\[pP]\{/.test(pattern) && !code.slice(node.start, node.end).includes('\n')) found.push({ node, pattern, flags });
  };
  const ofCall = (node: Node & { callee: Node; arguments: Node[] }) => {
    const [pattern, flags] = node.arguments.map((argument) => (argument as Literal).value);
    const { callee } = node;
    if ('name' in callee && callee.name === 'RegExp') add(node, pattern, flags);
  };
  simple(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }), {
    Literal: (node) => node.regex && add(node, node.regex.pattern, node.regex.flags),
    NewExpression: ofCall,
    CallExpression: ofCall,
  });
  return found.sort((one, other) => one.node.start - other.node.start);
}

function lower(pattern: string, flags: string): Lowered {
  try {
    const lowered = rewritePattern(pattern, flags, { unicodePropertyEscapes: 'transform', unicodeSetsFlag: 'transform' });
    return [lowered, flags.replace('v', 'u')];
  } catch (error) {
    throw new Error(`/${pattern}/${flags} cannot be built: ${error instanceof Error ? error.message : String(error)}`);
  }
}
