// Where models are saved and loaded: one word of a URL decides, as in TensorFlow.js.

import { artifactFiles, type LoadHandler, type ModelArtifacts, type ModelArtifactsInfo, type ModelFiles, type SaveHandler, type SaveResult } from './artifacts.js';
import { indexedDBStore, localStorageStore, type Store } from './browser_stores.js';
import { TabgradError } from './errors.js';
import { download, fetchModel, nodePath, post, readChosen, readFiles, writeFiles, type RequestOptions, type UrlOptions } from './model_files.js';
import { isNode } from './platform.js';
import { describe } from './tensor.js';

export interface SaveOptions extends RequestOptions {
  /** Saves the optimizer and all that training goes on from to the bit as well, which makes the files up to three times as large. Default false. */
  includeOptimizer?: boolean;
}

export interface LoadModelOptions extends UrlOptions {
  /** Of dropout and shuffling when it is trained; default: the file's, and the engine's where it has none. */
  seed?: number;
}

/**
 * `'indexeddb://NAME'`, `'localstorage://NAME'`, `'downloads://NAME'`, a URL that takes a POST, a path in Node (a folder, or a name that ends in
 * .json; also as file://), or a handler.
 */
export type SaveTarget = string | URL | SaveHandler;

/**
 * `'indexeddb://NAME'`, `'localstorage://NAME'`, the URL of a model.json or of a .safetensors file, a path in Node, files that a person chose,
 * or a handler.
 */
export type ModelSource = string | URL | FileList | readonly File[] | File | LoadHandler;

const stores: Record<string, Store> = { 'indexeddb://': indexedDBStore, 'localstorage://': localStorageStore };

/** The store that a URL names, and the name there. */
function inStore(url: string): [store: Store, name: string] | undefined {
  for (const [scheme, store] of Object.entries(stores)) {
    if (!url.startsWith(scheme)) continue;
    if (url.length === scheme.length) throw new TabgradError('bad_config', `${url}: the name is missing, want for example ${scheme}my-model`);
    return [store, url.slice(scheme.length)];
  }
  return undefined;
}

export async function saveArtifacts(target: SaveTarget, artifacts: ModelArtifacts, options: SaveOptions): Promise<SaveResult> {
  if (typeof target === 'object' && target !== null && 'save' in target) return target.save(artifacts);
  if (typeof target !== 'string' && !(target instanceof URL)) throw new TabgradError('bad_config', `save: got ${describe(target)}, want a URL or an object with a function save`);
  const url = String(target);
  const kept = inStore(url);
  if (kept) return kept[0].save(kept[1], artifacts);
  if (url.startsWith('downloads://')) return download(url.slice('downloads://'.length) || 'model', artifacts);
  const path = await nodePath(url);
  if (path !== undefined) return writeFiles(path, artifacts);
  const absolute = pageUrl(url);
  if (/^https?:/.test(absolute)) return post(absolute, artifacts, options);
  throw new TabgradError('bad_config', `save: got '${url}', want indexeddb://, localstorage://, downloads://, http:// or https://${isNode ? ', or a path' : ''}`);
}

/** The files of a model, and whether their memory may be given away. */
export async function loadFiles(source: ModelSource, options: UrlOptions): Promise<{ files: ModelFiles; ours: boolean }> {
  if (typeof source === 'object' && source !== null && 'load' in source) return { files: artifactFiles('load', await source.load()), ours: false };
  if (typeof source === 'string' || source instanceof URL) {
    const url = String(source);
    const kept = inStore(url);
    if (kept) return { files: artifactFiles(url, await kept[0].load(kept[1])), ours: true };
    const path = await nodePath(url);
    return { files: await (path === undefined ? fetchModel(pageUrl(url), options) : readFiles(path)), ours: true };
  }
  if (source instanceof Blob) return { files: await readChosen([source as File]), ours: true };
  if (typeof source === 'object' && source !== null && 'length' in source) return { files: await readChosen(Array.from(source)), ours: true };
  throw new TabgradError('bad_config', `loadModel: got ${describe(source)}, want a URL, files, or an object with a function load`);
}

/** A URL relative to the page. */
function pageUrl(url: string): string {
  return isNode ? url : new URL(url, typeof document === 'undefined' ? location.href : document.baseURI).href;
}

/** The models that this browser keeps, those of TensorFlow.js on this site among them. No engine is needed. */
export const io = {
  /** What is kept, by the URL that loads it. */
  async listModels(): Promise<Record<string, ModelArtifactsInfo>> {
    const all: Record<string, ModelArtifactsInfo> = {};
    for (const [scheme, store] of Object.entries(stores)) {
      for (const [name, info] of await store.list()) all[scheme + name] = info;
    }
    return all;
  },

  /** Forgets one; `not_found` where there is none. */
  async removeModel(url: string): Promise<ModelArtifactsInfo> {
    const kept = inStore(url);
    if (!kept) throw new TabgradError('bad_config', `removeModel: got '${url}', want indexeddb:// or localstorage:// with a name`);
    return kept[0].remove(kept[1]);
  },
} as const;
