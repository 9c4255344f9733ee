// Models kept in the browser, where and as TensorFlow.js keeps them, so that each finds the other's: IndexedDB and local storage.

import { infoOf, joined, type ModelArtifacts, type ModelArtifactsInfo, type SaveResult } from './artifacts.js';
import { TabgradError } from './errors.js';

export interface Store {
  save(name: string, artifacts: ModelArtifacts): Promise<SaveResult>;
  load(name: string): Promise<ModelArtifacts>;
  list(): Promise<Map<string, ModelArtifactsInfo>>;
  remove(name: string): Promise<ModelArtifactsInfo>;
}

const absent = (url: string) => new TabgradError('not_found', `there is no model ${url} in this browser`);

/** A failure to save as the browser says it: no room, or something else. */
export function notSaved(url: string, bytes: number, cause: unknown): TabgradError {
  const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  return full
    ? new TabgradError('quota_exceeded', `${url}: the browser has no room for ${size}; remove what isn't needed, or save to indexeddb:// or downloads://`, { cause })
    : new TabgradError('not_saved', `${url}: ${size} could not be saved (${messageOf(cause)})`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Entry {
  modelPath: string;
  modelArtifacts: ModelArtifacts;
  modelArtifactsInfo: ModelArtifactsInfo;
}

const models = 'models_store';
const infos = 'model_info_store';

/** Does something in one transaction over both of TensorFlow.js's stores, and resolves with its result when the transaction is through. */
async function transact<T>(mode: IDBTransactionMode, act: (models: IDBObjectStore, infos: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  if (typeof indexedDB === 'undefined') throw new TabgradError('unsupported', 'indexeddb:// needs a browser that has IndexedDB here');
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('tensorflowjs', 1);
    opening.onupgradeneeded = () => {
      for (const name of [models, infos]) opening.result.createObjectStore(name, { keyPath: 'modelPath' });
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = db.transaction([models, infos], mode);
      const request = act(transaction.objectStore(models), transaction.objectStore(infos));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  } finally {
    db.close();
  }
}

export const indexedDBStore: Store = {
  async save(name, artifacts) {
    const whole = { ...artifacts, weightData: joined(artifacts.weightData) };
    const modelArtifactsInfo = infoOf(whole);
    try {
      await transact('readwrite', (models, infos) => {
        infos.put({ modelPath: name, modelArtifactsInfo });
        return models.put({ modelPath: name, modelArtifacts: whole, modelArtifactsInfo } satisfies Entry);
      });
    } catch (error) {
      if (error instanceof TabgradError) throw error;
      throw notSaved(`indexeddb://${name}`, modelArtifactsInfo.weightDataBytes, error);
    }
    return { modelArtifactsInfo };
  },

  async load(name) {
    const entry = await transact('readonly', (models) => models.get(name) as IDBRequest<Entry | undefined>);
    if (!entry) throw absent(`indexeddb://${name}`);
    return entry.modelArtifacts;
  },

  async list() {
    const all = await transact('readonly', (_, infos) => infos.getAll() as IDBRequest<Entry[]>);
    return new Map(all.map((entry) => [entry.modelPath, entry.modelArtifactsInfo]));
  },

  async remove(name) {
    const entry = await transact('readwrite', (models, infos) => {
      const request = infos.get(name) as IDBRequest<Entry | undefined>;
      models.delete(name);
      infos.delete(name);
      return request;
    });
    if (!entry) throw absent(`indexeddb://${name}`);
    return entry.modelArtifactsInfo;
  },
};

const prefix = 'tensorflowjs_models/';
const parts = ['info', 'model_topology', 'weight_specs', 'weight_data', 'model_metadata'] as const;
type Part = (typeof parts)[number];

export function storage(): Storage {
  // Asking for it throws where the person has forbidden it.
  try {
    if (typeof localStorage !== 'undefined' && localStorage) return localStorage;
  } catch (error) {
    throw new TabgradError('unsupported', `localstorage:// is not allowed here (${messageOf(error)})`, { cause: error });
  }
  throw new TabgradError('unsupported', 'localstorage:// needs a page of a browser; workers and Node have none');
}

const key = (name: string, part: Part) => `${prefix}${name}/${part}`;

export const localStorageStore: Store = {
  async save(name, artifacts) {
    const kept = storage();
    const { modelTopology, weightSpecs, weightData, ...metadata } = artifacts;
    const modelArtifactsInfo = infoOf(artifacts);
    const before = parts.map((part) => kept.getItem(key(name, part)));
    try {
      // The old one would take the room of the new one.
      for (const part of parts) kept.removeItem(key(name, part));
      const put = (part: Part, text: string) => kept.setItem(key(name, part), text);
      put('weight_data', toBase64(new Uint8Array(joined(weightData))));
      put('model_topology', JSON.stringify(modelTopology));
      put('weight_specs', JSON.stringify(weightSpecs));
      put('model_metadata', JSON.stringify(metadata));
      put('info', JSON.stringify(modelArtifactsInfo)); // last, as it is what makes a model
    } catch (error) {
      for (const part of parts) kept.removeItem(key(name, part));
      before.forEach((text, i) => text !== null && kept.setItem(key(name, parts[i]!), text));
      throw notSaved(`localstorage://${name}`, modelArtifactsInfo.weightDataBytes, error);
    }
    return { modelArtifactsInfo };
  },

  async load(name) {
    const kept = storage();
    if (kept.getItem(key(name, 'info')) === null) throw absent(`localstorage://${name}`);
    const texts = parts.map((part) => kept.getItem(key(name, part)));
    const [, topology, specs, data, metadata] = texts;
    const missing = parts.find((part, i) => texts[i] === null && part !== 'model_metadata');
    if (missing) throw new TabgradError('bad_format', `localstorage://${name}: its ${missing} is missing`);
    try {
      return {
        ...(metadata === null ? {} : JSON.parse(metadata!)),
        modelTopology: JSON.parse(topology!),
        weightSpecs: JSON.parse(specs!),
        weightData: fromBase64(data!),
      };
    } catch (error) {
      throw new TabgradError('bad_format', `localstorage://${name}: what is kept is not a model (${messageOf(error)})`, { cause: error });
    }
  },

  async list() {
    const kept = storage();
    const all = new Map<string, ModelArtifactsInfo>();
    for (let i = 0; i < kept.length; i++) {
      const found = kept.key(i)!;
      if (found.startsWith(prefix) && found.endsWith('/info')) all.set(found.slice(prefix.length, -'/info'.length), readInfo(kept.getItem(found)!));
    }
    return all;
  },

  async remove(name) {
    const kept = storage();
    const info = kept.getItem(key(name, 'info'));
    if (info === null) throw absent(`localstorage://${name}`);
    for (const part of parts) kept.removeItem(key(name, part));
    return readInfo(info);
  },
};

function readInfo(text: string): ModelArtifactsInfo {
  const info = JSON.parse(text) as ModelArtifactsInfo;
  return { ...info, dateSaved: new Date(info.dateSaved) };
}

export function toBase64(bytes: Uint8Array): string {
  const step = 3 * 8192; // a multiple of three, so that the pieces join; short enough to be a call's arguments
  let text = '';
  for (let i = 0; i < bytes.length; i += step) text += btoa(String.fromCharCode(...bytes.subarray(i, i + step)));
  return text;
}

export function fromBase64(text: string): ArrayBuffer {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}
