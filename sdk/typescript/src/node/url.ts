// `node:url`: what the platform has of it.
const { URL, URLSearchParams } = globalThis;

export { URL, URLSearchParams };

export default { URL, URLSearchParams };
