// The global `Buffer`, which the bundler puts where it is asked for.
export { Buffer } from 'node:buffer';
