// tg.layers: the registry's, and those that are made of functions.

export * from './gen_layers.js';
export { lambda } from './custom.js';
