// Where text goes that comes a line at a time: a download, a file in Node, the caller's function.

import type { LogTarget } from './callbacks.js';
import { TabgradError } from './errors.js';
import { saveDownload, nodePath } from './model_files.js';
import { isNode, nodeModule } from './platform.js';
import { describe } from './tensor.js';

/** A place of one's own that text is written to, such as a stream's writer. */
export interface TextWriter {
  write(text: string): unknown;
}

/** A text as it grows. */
export interface TextFile {
  /** In bytes, where the text can be cut off; undefined where what was written is gone. */
  readonly size: number | undefined;
  append(text: string): Promise<void>;
  /** Leaves the first bytes. */
  cut(size: number): Promise<void>;
  /** What is to be done when there is no more to come. */
  end(): Promise<void>;
}

/** Opens a target; keep says that what is there already stays. */
export async function openText(where: string, target: LogTarget, keep: boolean): Promise<TextFile> {
  if (typeof target === 'function') return through(target);
  if (typeof target === 'object' && !(target instanceof URL) && 'write' in target) return through((text) => target.write(text));
  if (typeof target !== 'string' && !(target instanceof URL)) throw new TabgradError('bad_config', `${where}: got ${describe(target)}, want downloads://, a path in Node, a function or an object with write`);
  const url = String(target);
  if (url.startsWith('downloads://')) return forDownload(url.slice('downloads://'.length) || 'log.csv');
  const path = await nodePath(url);
  if (path === undefined) throw new TabgradError('bad_config', `${where}: got '${url}', want downloads:// with a name, a function or an object with write${isNode ? ', or a path' : ''}`);
  return onDisk(path, keep);
}

function through(write: (text: string) => unknown): TextFile {
  return {
    size: undefined,
    async append(text) {
      await write(text);
    },
    async cut() {},
    async end() {},
  };
}

function forDownload(name: string): TextFile {
  if (typeof document === 'undefined') throw new TabgradError('unsupported', 'downloads:// needs a page of a browser; in Node give a path');
  let bytes = new Uint8Array();
  return {
    get size() {
      return bytes.length;
    },
    async append(text) {
      const more = new TextEncoder().encode(text);
      const all = new Uint8Array(bytes.length + more.length);
      all.set(bytes);
      all.set(more, bytes.length);
      bytes = all;
    },
    async cut(size) {
      bytes = bytes.slice(0, size);
    },
    end: () => saveDownload(name, new Blob([bytes], { type: 'text/csv' })),
  };
}

async function onDisk(path: string, keep: boolean): Promise<TextFile> {
  const { appendFile, mkdir, stat, truncate, writeFile } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
  const { dirname } = await nodeModule<typeof import('node:path')>('path');
  const doing = async <T>(done: Promise<T>): Promise<T> => {
    try {
      return await done;
    } catch (error) {
      throw new TabgradError('not_saved', `${path} could not be written (${error instanceof Error ? error.message : String(error)})`, { cause: error });
    }
  };
  await doing(mkdir(dirname(path), { recursive: true }));
  if (!keep) await doing(writeFile(path, ''));
  const size = await stat(path).then((found) => found.size, () => 0);
  return {
    size,
    append: (text) => doing(appendFile(path, text)),
    cut: (at) => doing(truncate(path, at)),
    async end() {},
  };
}
