// Where the state of a training is kept, so that one that was interrupted goes on.

import { fromBase64, notSaved, storage, toBase64 } from './browser_stores.js';
import type { BackupTarget } from './callbacks.js';
import { TabgradError } from './errors.js';
import { nodePath } from './model_files.js';
import { isNode, nodeModule } from './platform.js';
import { describe } from './tensor.js';

/** A place of one's own for backups. */
export interface BackupHandler {
  /** Takes the place of the last one, in one piece. */
  save(backup: Uint8Array): void | Promise<void>;
  /** The last one, nothing where there is none. */
  load(): Uint8Array | ArrayBuffer | null | undefined | Promise<Uint8Array | ArrayBuffer | null | undefined>;
  /** Forgets it. That there is none is no error. */
  remove(): void | Promise<void>;
}

/** The place that a target means. */
export async function backupPlace(target: BackupTarget): Promise<BackupHandler> {
  if (typeof target === 'object' && target !== null && 'save' in target && 'load' in target && 'remove' in target) return target;
  if (typeof target !== 'string' && !(target instanceof URL)) {
    throw new TabgradError('bad_config', `backupAndRestore: got ${describe(target)}, want a URL or an object with the functions save, load and remove`);
  }
  const url = String(target);
  for (const [scheme, place] of [
    ['indexeddb://', inIndexedDB],
    ['localstorage://', inLocalStorage],
  ] as const) {
    if (!url.startsWith(scheme)) continue;
    if (url.length === scheme.length) throw new TabgradError('bad_config', `${url}: the name is missing, want for example ${scheme}my-run`);
    return place(url.slice(scheme.length));
  }
  const path = await nodePath(url);
  if (path === undefined) throw new TabgradError('bad_config', `backupAndRestore: got '${url}', want indexeddb:// or localstorage:// with a name${isNode ? ', or a path' : ''}`);
  return onDisk(path);
}

function inIndexedDB(name: string): BackupHandler {
  const store = 'backups';
  /** Does something in a transaction and resolves when that is through: a backup is there whole or not at all. */
  const transact = async <T>(mode: IDBTransactionMode, act: (backups: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    if (typeof indexedDB === 'undefined') throw new TabgradError('unsupported', 'indexeddb:// needs a browser that has IndexedDB here');
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('tabgrad', 1);
      opening.onupgradeneeded = () => void opening.result.createObjectStore(store);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    try {
      return await new Promise<T>((resolve, reject) => {
        const transaction = db.transaction(store, mode);
        const request = act(transaction.objectStore(store));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error ?? request.error);
      });
    } finally {
      db.close();
    }
  };
  return {
    async save(backup) {
      try {
        await transact('readwrite', (backups) => backups.put(backup, name));
      } catch (error) {
        throw error instanceof TabgradError ? error : notSaved(`indexeddb://${name}`, backup.byteLength, error);
      }
    },
    load: () => transact('readonly', (backups) => backups.get(name) as IDBRequest<Uint8Array | undefined>),
    remove: () => transact('readwrite', (backups) => backups.delete(name)),
  };
}

function inLocalStorage(name: string): BackupHandler {
  const key = `tabgrad_backups/${name}`;
  return {
    save(backup) {
      try {
        storage().setItem(key, toBase64(backup)); // which keeps the old one where the new one has no room
      } catch (error) {
        throw error instanceof TabgradError ? error : notSaved(`localstorage://${name}`, backup.byteLength, error);
      }
    },
    load() {
      const text = storage().getItem(key);
      return text === null ? undefined : fromBase64(text);
    },
    remove: () => storage().removeItem(key),
  };
}

/** The file path where it ends in .safetensors, else backup.safetensors in the folder path. */
async function onDisk(path: string): Promise<BackupHandler> {
  const { mkdir, readFile, rename, rm, writeFile } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
  const { dirname, join } = await nodeModule<typeof import('node:path')>('path');
  const file = path.endsWith('.safetensors') ? path : join(path, 'backup.safetensors');
  const failed = (what: string, cause: unknown) => new TabgradError('not_saved', `${file} could not be ${what} (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  return {
    async save(backup) {
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(`${file}.next`, backup);
        await rename(`${file}.next`, file);
      } catch (error) {
        throw failed('written', error);
      }
    },
    async load() {
      try {
        return new Uint8Array(await readFile(file));
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOENT') return undefined;
        throw failed('read', error);
      }
    },
    remove: () => rm(file, { force: true }),
  };
}
