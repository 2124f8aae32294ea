// Collects `tests/scenarios/*/<FILE>` into one module: `node collect.mjs function.ts > functions.ts`.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SCENARIOS = '../../scenarios';

const [, , file] = process.argv;
const folders = readdirSync(join(import.meta.dirname, SCENARIOS)).sort();
const sources = folders.filter((folder) => existsSync(join(import.meta.dirname, SCENARIOS, folder, file)));
const imports = sources.map((folder, n) => `import * as scenario${n} from '${SCENARIOS}/${folder}/${file}';`);
const functions = sources.map((_, n) => `  ...Object.values(scenario${n}),`);
console.log([...imports, 'export default [', ...functions, '];'].join('\n'));
