// npm packages that cannot run in a plugin, and what does their work there. docs/packages.md lists the same.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Location, Message, Plugin } from 'esbuild';

const NO_SOCKETS = 'a plugin has no sockets';

const MAIL = `${NO_SOCKETS}: send mail over HTTP, with resend, postmark, @sendgrid/mail or mailgun.js`;
const POSTGRES = `${NO_SOCKETS}: use @neondatabase/serverless (its \`neon\`), @supabase/supabase-js, or a service of yours over HTTP`;
const MYSQL = `${NO_SOCKETS}: use @planetscale/database, or a service of yours over HTTP`;
const MONGO = `${NO_SOCKETS}: reach MongoDB by a service of yours over HTTP, with \`fetch\` inside a step`;
const REDIS = `${NO_SOCKETS}: use @upstash/redis, or a service of yours over HTTP`;
const QUEUE = `${NO_SOCKETS}: send an event (\`step.sendEvent\`), or use @upstash/qstash or @aws-sdk/client-sqs`;
const REQUESTS = 'use the global `fetch`, axios or ky';
const GOOGLE = 'ask the REST API with `fetch`; jose signs the token of the service account';
const BROWSER = 'a plugin starts no browser: ask a service that renders pages, with `fetch` inside a step';
const LOG = "use the run's `logger`: the host keeps what is logged";

/** The replacement of each package, for people. */
export const INSTEAD: Record<string, string> = {
  nodemailer: MAIL,
  pg: POSTGRES,
  postgres: POSTGRES,
  mysql: MYSQL,
  mysql2: MYSQL,
  mongodb: MONGO,
  mongoose: MONGO,
  ioredis: REDIS,
  redis: REDIS,
  '@redis/client': REDIS,
  bullmq: QUEUE,
  amqplib: QUEUE,
  kafkajs: QUEUE,
  jsonwebtoken: 'use jose, which signs and verifies the same tokens with `crypto.subtle`',
  bcrypt: 'use bcryptjs, which makes and checks the same hashes',
  got: REQUESTS,
  'node-fetch': REQUESTS,
  undici: REQUESTS,
  googleapis: GOOGLE,
  'google-auth-library': GOOGLE,
  'firebase-admin': GOOGLE,
  '@google-cloud/storage': GOOGLE,
  twilio: 'ask its API with `step.fetch`: a POST of a form, with the account and its token in `authorization`',
  puppeteer: BROWSER,
  playwright: BROWSER,
  sharp: 'a plugin loads no native code: have a service resize images, or a package of WebAssembly or plain JavaScript',
  winston: LOG,
};

const NAMES = new RegExp(`^(${Object.keys(INSTEAD).join('|')})(/|$)`);

/** Which of these packages the project's own modules import, each with the path of a module that does. */
export type Imports = Map<string, string>;

/** Notes such imports. */
export const noteImports = (imports: Imports): Plugin => ({
  name: 'packages',
  setup: (build) => {
    build.onResolve({ filter: NAMES }, ({ path, importer }) => {
      const name = NAMES.exec(path)?.[1];
      if (name !== undefined && packageOf(importer) === undefined) imports.set(name, importer);
      return undefined;
    });
  },
});

/**
 * Returns one message for each such import, of what those packages, or theirs of the same purpose, ask of Node. It is empty
 * if others ask: then `refused` is theirs.
 */
export function refusedImports(refused: Message[], imports: Imports): Message[] {
  const asking = new Set(refused.map(({ location }) => insteadOf(packageOf(location?.file ?? ''))));
  const own = [...imports].filter(([name]) => asking.has(insteadOf(name)));
  return own.map(([name, file]) => ({
    ...refused[0]!,
    text: `"${name}" is for Node, which a plugin does not run in`,
    location: importIn(file, name),
    notes: [{ text: INSTEAD[name]!, location: null }],
  }));
}

const insteadOf = (name = '') => (Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined);

/** The first line of a file that names a package in quotes; null if none does. */
function importIn(file: string, name: string): Location | null {
  const lines = readFileSync(file, 'utf8').split('\n');
  const line = lines.findIndex((text) => [`'${name}`, `"${name}`].some((quoted) => text.includes(quoted)));
  const lineText = lines[line];
  if (lineText === undefined) return null;
  const column = lineText.indexOf(name) - 1;
  return { file: relative('.', file), namespace: 'file', line: line + 1, column, length: name.length + 2, lineText, suggestion: '' };
}

/** The package that a file belongs to; undefined for the project's own. */
export const packageOf = (file: string): string | undefined =>
  /.*(?:^|[\\/])node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]?.replace('\\', '/');
