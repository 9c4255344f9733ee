// Models as files: downloads, files that a person chose, a folder in Node, and what a server has or takes.

import { infoOf, joined, modelJSON, readModelJSON, type ModelArtifacts, type ModelFiles, type SaveResult } from './artifacts.js';
import { TabgradError } from './errors.js';
import { isNode, nodeModule } from './platform.js';

export interface RequestOptions {
  /** For each request: headers, credentials, method. */
  requestInit?: RequestInit;
  signal?: AbortSignal;
}

export interface UrlOptions extends RequestOptions {
  /** What the weight files' paths are put behind, in place of model.json's folder. */
  weightPathPrefix?: string;
  /** Gives a weight file's URL, where it isn't its path below a folder. */
  weightUrlConverter?: (path: string) => string | Promise<string>;
}

/** Gives the person NAME.json and NAME.weights.bin. */
export async function download(name: string, artifacts: ModelArtifacts): Promise<SaveResult> {
  if (typeof document === 'undefined') throw new TabgradError('unsupported', 'downloads:// needs a page of a browser; in Node save to a path');
  const weights = `${name}.weights.bin`;
  await saveDownload(`${name}.json`, new Blob([modelJSON(artifacts, [`./${weights}`])], { type: 'application/json' }));
  await saveDownload(weights, new Blob([joined(artifacts.weightData)], { type: 'application/octet-stream' }));
  return { modelArtifactsInfo: infoOf(artifacts) };
}

/** Gives the person a file. */
export async function saveDownload(name: string, content: Blob): Promise<void> {
  const link = document.createElement('a');
  link.download = name;
  link.href = URL.createObjectURL(content);
  // A click a turn: of two in one turn Firefox keeps the last.
  await new Promise((resolve) => setTimeout(resolve));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be asking where to put it
}

/** Posts model.json and model.weights.bin as the two parts of a form. */
export async function post(url: string, artifacts: ModelArtifacts, { requestInit, signal }: RequestOptions): Promise<SaveResult> {
  const body = new FormData();
  body.append('model.json', new Blob([modelJSON(artifacts, ['./model.weights.bin'])], { type: 'application/json' }), 'model.json');
  body.append('model.weights.bin', new Blob([joined(artifacts.weightData)], { type: 'application/octet-stream' }), 'model.weights.bin');
  let response: Response;
  try {
    response = await fetch(url, { method: 'POST', ...requestInit, signal, body });
  } catch (error) {
    if (signal?.aborted) throw new TabgradError('aborted', 'save: aborted by the caller', { cause: signal.reason });
    throw new TabgradError('not_saved', `${url} could not be reached (${messageOf(error)})`, { cause: error });
  }
  if (!response.ok) throw new TabgradError('not_saved', `${url} answered ${response.status} to the model`);
  return { modelArtifactsInfo: infoOf(artifacts), responses: [response] };
}

/** A model behind a URL: its model.json, with the weight files that this names, or its safetensors file. */
export async function fetchModel(url: string, options: UrlOptions): Promise<ModelFiles> {
  const bytes = await fetchBytes(url, 'the model', options);
  const [, path = url, query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(url)!;
  if (path.endsWith('.safetensors')) return { safetensors: bytes };
  const prefix = options.weightPathPrefix ?? path.slice(0, path.lastIndexOf('/') + 1);
  return readModelJSON(url, new TextDecoder().decode(bytes), async (file) => {
    const from = options.weightUrlConverter ? await options.weightUrlConverter(file) : prefix + file + query;
    return fetchBytes(from, `a weight file of ${url}`, options);
  });
}

async function fetchBytes(url: string, what: string, { requestInit, signal }: RequestOptions): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { ...requestInit, signal });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (signal?.aborted) throw new TabgradError('aborted', 'loadModel: aborted by the caller', { cause: signal.reason });
    throw new TabgradError('not_found', `${url}, ${what}, could not be fetched (${messageOf(error)})`, { cause: error });
  }
  throw new TabgradError('not_found', `${url}, ${what}, answered ${response.status}`);
}

/** A model of files that a person chose: a model.json with its weight files, in any order, or one safetensors file. */
export async function readChosen(list: readonly File[]): Promise<ModelFiles> {
  const names = list.map((file) => file.name).join(', ');
  const bytes = async (file: File) => new Uint8Array(await file.arrayBuffer());
  const [safe] = list.filter((file) => file.name.endsWith('.safetensors'));
  if (safe && list.length === 1) return { safetensors: await bytes(safe) };
  const [json, other] = list.filter((file) => file.name.endsWith('.json'));
  if (!json || other || safe) {
    throw new TabgradError('bad_format', `loadModel: got the files ${names || '(none)'}, want one model.json with its weight files, or one .safetensors file`);
  }
  return readModelJSON(json.name, await json.text(), async (path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const found = list.find((file) => file.name === name);
    if (!found) throw new TabgradError('not_found', `${json.name} names the weight file ${path}, which is not among the files ${names}; choose it too`);
    return bytes(found);
  });
}

/** Writes a model in Node: PATH.json and PATH.weights.bin where path ends in .json, else model.json and weights.bin in the folder path. */
export async function writeFiles(path: string, artifacts: ModelArtifacts): Promise<SaveResult> {
  const { mkdir, writeFile } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
  const { basename, dirname, join } = await nodeModule<typeof import('node:path')>('path');
  const named = path.endsWith('.json');
  const folder = named ? dirname(path) : path;
  const json = named ? basename(path) : 'model.json';
  const weights = named ? json.replace(/\.json$/, '.weights.bin') : 'weights.bin';
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, weights), new Uint8Array(joined(artifacts.weightData)));
    await writeFile(join(folder, json), modelJSON(artifacts, [weights]));
  } catch (error) {
    throw new TabgradError('not_saved', `${path} could not be written (${messageOf(error)})`, { cause: error });
  }
  return { modelArtifactsInfo: infoOf(artifacts) };
}

/** Reads a model in Node: a model.json, a folder that holds one, or a safetensors file. */
export async function readFiles(path: string): Promise<ModelFiles> {
  const { readFile, stat } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
  const { dirname, join } = await nodeModule<typeof import('node:path')>('path');
  const read = async (file: string) => {
    try {
      return new Uint8Array(await readFile(file));
    } catch (error) {
      throw new TabgradError('not_found', `${file} could not be read (${messageOf(error)})`, { cause: error });
    }
  };
  const isFolder = await stat(path).then((found) => found.isDirectory(), () => false);
  const file = isFolder ? join(path, 'model.json') : path;
  const bytes = await read(file);
  if (file.endsWith('.safetensors')) return { safetensors: bytes };
  return readModelJSON(file, new TextDecoder().decode(bytes), (name) => read(join(dirname(file), name)));
}

/** The path that a string means in Node, undefined where it is a URL of another kind. */
export async function nodePath(text: string): Promise<string | undefined> {
  if (!isNode) return undefined;
  if (text.startsWith('file:///')) return (await nodeModule<typeof import('node:url')>('url')).fileURLToPath(text);
  if (text.startsWith('file://')) return text.slice('file://'.length); // from the working directory, as in tfjs-node
  return /^[a-z][a-z0-9+.-]+:/i.test(text) ? undefined : text;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
