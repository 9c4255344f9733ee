/** Go's wasm_exec.js as scripts/build.mjs wraps it. */
declare module 'tabgrad:go-runtime' {
  const goRuntime: (globalThis: object, fs: object) => unknown;
  export default goRuntime;
}

/** package.json's version, put in by the build. */
declare const TABGRAD_VERSION: string;
