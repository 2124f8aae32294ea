// Regular expressions with Unicode properties (`\p{…}`), which the engine lacks: the build writes out what they stand for.
import { parse, type Expression as Code, type Node, type TemplateLiteral } from 'acorn';
import { simple } from 'acorn-walk';
import rewritePattern from 'regexpu-core';

/** A pattern that the engine takes, and its flags. */
type Lowered = [pattern: string, flags: string];

/** Names for the helper; none is longer than the shortest expression that a call of it replaces. */
const NAMES = ['$p', '$P', '_p', '_P'];

/**
 * The bundle with calls in the place of such expressions, each as long as what it replaces: the source map stays right.
 * Throws an `Error` that names the expression if its pattern is not valid; `placeOf` tells a place in the bundle, its line
 * and column from 1, as one of the sources. What is made of a text that is known only at run time stays as it is; the engine
 * refuses it there.
 */
export function lowerProperties(code: string, placeOf: (line: number, column: number) => string): string {
  if (!/\\[pP]\{/.test(code)) return code;
  const refuse = (at: number, reason: string): never => {
    const before = code.slice(0, at).split('\n');
    throw new Error(`${placeOf(before.length, before.at(-1)!.length + 1)}: ${reason}`);
  };
  const found = expressionsIn(code, refuse);
  if (found.length === 0) return code;
  const name = NAMES.find((name) => !new RegExp(`(?<![\\w$])\\${name}(?![\\w$])`).test(code));
  if (name === undefined) throw new Error(`the bundle uses all of the names ${NAMES.join(', ')}`);
  const lowered: Lowered[] = [];
  let out = '';
  let from = 0;
  for (const { node, pattern, flags } of found) {
    const add = () => lowered.push(lower(pattern, flags)) - 1;
    const call = `${name}(${attempt(add, (reason) => refuse(node.start, `/${pattern}/${flags} cannot be built: ${reason}`))})`;
    out += code.slice(from, node.start) + inPlaceOf(code.slice(node.start, node.end), call);
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

/** A call with as many characters and lines as the text that it replaces. */
function inPlaceOf(text: string, call: string): string {
  const [first = '', ...more] = text.split('\n');
  return [call.padEnd(first.length), ...more.map((line) => ' '.repeat(line.length))].join('\n');
}

/** Returns the action's result, or `refused` of why it throws. */
function attempt<T>(act: () => T, refused: (reason: string, error: unknown) => never): T {
  try {
    return act();
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error), error);
  }
}

/** Literals, and `RegExp(…)` of texts that are known, in their order. `refuse` throws what is told of a position. */
function expressionsIn(code: string, refuse: (at: number, reason: string) => never): Expression[] {
  const found: Expression[] = [];
  const add = (node: Node, pattern: string | undefined, flags: string | undefined) => {
    if (pattern === undefined || flags === undefined || !/[uv]/.test(flags)) return;
    if (/\\[pP]\{/.test(pattern)) found.push({ node, pattern, flags });
  };
  const ofCall = (node: Node & { callee: Node; arguments: Node[] }) => {
    const [pattern, flags] = node.arguments;
    if (isRegExp(node.callee) && pattern && flags) add(node, textOf(pattern), textOf(flags));
  };
  const tree = attempt(
    () => parse(code, { ecmaVersion: 'latest', sourceType: 'module' }),
    (reason, error) => refuse(Number(Reflect.get(Object(error), 'pos')), reason.replace(/ \(\d+:\d+\)$/, '')),
  );
  simple(tree, {
    Literal: (node) => node.regex && add(node, node.regex.pattern, node.regex.flags),
    NewExpression: ofCall,
    CallExpression: ofCall,
  });
  return found.sort((one, other) => one.node.start - other.node.start);
}

/** `RegExp`, or that of an object, such as `globalThis.RegExp`. */
function isRegExp(callee: Node): boolean {
  const { type, name, property } = callee as Code & { name?: string; property?: { name?: string } };
  return (type === 'MemberExpression' ? property?.name : name) === 'RegExp';
}

/** The text that an expression comes to, if it can be told: a literal, a template, `String.raw`, and sums of them. */
function textOf(node: Node): string | undefined {
  const code = node as Code;
  if (code.type === 'Literal') return typeof code.value === 'string' ? code.value : undefined;
  if (code.type === 'TemplateLiteral') return joined(code, 'cooked');
  if (code.type === 'TaggedTemplateExpression') {
    const { type, object, property } = code.tag as Code & { object?: { name?: string }; property?: { name?: string } };
    const isRaw = type === 'MemberExpression' && object?.name === 'String' && property?.name === 'raw';
    return isRaw ? joined(code.quasi, 'raw') : undefined;
  }
  if (code.type !== 'BinaryExpression' || code.operator !== '+') return undefined;
  const [left, right] = [textOf(code.left), textOf(code.right)];
  return left === undefined || right === undefined ? undefined : left + right;
}

function joined({ quasis, expressions }: TemplateLiteral, form: 'cooked' | 'raw'): string | undefined {
  const parts = quasis.flatMap(({ value }, n) => [value[form], ...expressions.slice(n, n + 1).map(textOf)]);
  return parts.some((part) => part === undefined || part === null) ? undefined : parts.join('');
}

function lower(pattern: string, flags: string): Lowered {
  const lowered = rewritePattern(pattern, flags, { unicodePropertyEscapes: 'transform', unicodeSetsFlag: 'transform' });
  // The pattern is one of the flag `u` now: `flags` of the expression says so.
  return [lowered, flags.replace('v', 'u')];
}
