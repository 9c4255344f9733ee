// The examples' names, and in Node the texts of the files that they learn from.

import { readFile } from 'node:fs/promises';

export const names = ['residual', 'sentiment', 'transformer', 'forecast', 'houses'];

const folders = { 'README.md': '../../../', 'RATIONALE.md': '../../../nn/' };

export async function read(files) {
  return Promise.all(files.map((file) => readFile(new URL(`${folders[file] ?? '../../../nn/examples/files/'}${file}`, import.meta.url), 'utf8')));
}
