// `node:process`: the global one, of which a plugin has the granted variables and little more.
const process = globalThis.process;

export default process;
export const { argv, cwd, env, nextTick, platform, title, version, versions } = process;
