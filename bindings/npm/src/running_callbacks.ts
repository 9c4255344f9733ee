// The callbacks of a run on the page's side: what the engine is told of them, and what it asks of them while it runs. The messages are described
// in bindings/callbacks.go.

import { toArtifacts } from './artifacts.js';
import { backupPlace, type BackupHandler } from './backups.js';
import { CallbackConfig, callbackList, type BackupTarget, type CallbackList, type Callbacks, type Logs, type LogTarget, type SaveTarget, type Schedule } from './callbacks.js';
import { TabgradError } from './errors.js';
import { isNode } from './platform.js';
import type { EventMessage, Wire, WireObject } from './protocol.js';
import { saveArtifacts } from './saving.js';
import { openText, type TextFile } from './text_files.js';

/** What a place in the engine's list does on the page. */
type Asked = (event: EventMessage) => Wire | void | Promise<Wire | void>;

/** The functions of Callbacks that the engine calls, by the names of its events. */
const called = {
  epochBegin: 'onEpochBegin',
  epochEnd: 'onEpochEnd',
  batchBegin: 'onBatchBegin',
  batchEnd: 'onBatchEnd',
  testBegin: 'onTestBegin',
  testEnd: 'onTestEnd',
  testBatchBegin: 'onTestBatchBegin',
  testBatchEnd: 'onTestBatchEnd',
  predictBegin: 'onPredictBegin',
  predictEnd: 'onPredictEnd',
  predictBatchBegin: 'onPredictBatchBegin',
  predictBatchEnd: 'onPredictBatchEnd',
} as const;

export type Verbose = 0 | 1 | 2 | boolean;

export class RunningCallbacks {
  /** All of the caller's functions. */
  readonly functions: Callbacks[] = [];
  readonly #list: (Callbacks[] | CallbackConfig)[] = [];
  readonly #verbose: number;
  /** Nothing can be redrawn where the output goes. */
  readonly #plain = !(isNode && process.stdout.isTTY);
  readonly #asked: Asked[] = [];
  readonly #texts: TextFile[] = [];
  readonly #metadata: () => Record<string, unknown> | undefined;
  #backups: BackupHandler | undefined;

  /** Throws for a callback that would never be called. metadata is what is saved with the model. */
  constructor(where: 'fit' | 'evaluate' | 'predict', given: CallbackList | undefined, verbose: Verbose | undefined, metadata: () => Record<string, unknown> | undefined) {
    for (const item of callbackList(where, given)) {
      const last = this.#list[this.#list.length - 1];
      if (item instanceof CallbackConfig) this.#list.push(item);
      else if (Array.isArray(last)) last.push(item);
      else this.#list.push([item]);
      if (!(item instanceof CallbackConfig)) this.functions.push(item);
    }
    this.#verbose = Number(verbose ?? 0);
    this.#metadata = metadata;
  }

  /** What the request says of them. It finds the backup and opens what is written to. */
  async args(): Promise<Record<string, Wire>> {
    const args: Record<string, Wire> = {};
    if (this.#verbose !== 0) args['verbose'] = this.#verbose;
    args['plain'] = this.#plain;
    const restores = this.#list.find((item) => item instanceof CallbackConfig && item.className === 'BackupAndRestore') as CallbackConfig | undefined;
    if (restores) {
      this.#backups = await backupPlace(restores.first as BackupTarget);
      const kept = await this.#backups.load();
      if (kept !== null && kept !== undefined) args['backup'] = kept instanceof ArrayBuffer ? new Uint8Array(kept) : kept.slice();
    }
    const list: WireObject[] = [];
    for (const item of this.#list) {
      list.push(Array.isArray(item) ? this.#listen(item) : await this.#config(item, args['backup'] !== undefined));
    }
    args['callbacks'] = list;
    args['progress'] = this.functions.some((c) => typeof c.onProgress === 'function');
    return args;
  }

  /** Answers an event of the engine's. */
  async handle(event: EventMessage): Promise<Wire | void> {
    switch (event.event) {
      case 'print':
        return this.#print(event.data['text'] as string);
      case 'progress':
        for (const c of this.functions) await c.onProgress?.(event.data as never);
        return;
      default:
        return this.#asked[event.data['callback'] as number]?.(event);
    }
  }

  /** Ends what was begun: texts that are downloaded, where the run came to its end. */
  async end(done: boolean): Promise<void> {
    for (const text of this.#texts.splice(0)) if (done) await text.end();
  }

  #print(text: string): void {
    if (!this.#plain) process.stdout.write(text);
    else console.log(text.replace(/^\n|\n$/g, ''));
  }

  /** The caller's functions, one behind another. */
  #listen(functions: Callbacks[]): WireObject {
    this.#asked.push(async ({ event, data }) => {
      const { epoch, batch, logs } = data as { epoch: number; batch: number; logs: Logs };
      switch (event) {
        case 'batches':
          for (const item of data['items'] as { batch: number; logs: Logs }[]) {
            for (const c of functions) {
              // Awaiting what isn't a promise costs a turn of the loop, and there may be thousands of batches a second.
              const wait = c.onBatchEnd?.(item.batch, item.logs);
              if (wait) await wait;
            }
          }
          return;
        case 'epochBegin':
          for (const c of functions) await c.onEpochBegin?.(epoch);
          return;
        case 'epochEnd': {
          const before = { ...logs };
          for (const c of functions) await c.onEpochEnd?.(epoch, logs);
          const changed = Object.keys(logs).some((name) => !Object.is(logs[name], before[name]));
          return changed ? logs : undefined;
        }
        case 'testBegin':
          for (const c of functions) await c.onTestBegin?.();
          return;
        case 'testEnd':
          for (const c of functions) await c.onTestEnd?.(logs);
          return;
        case 'predictBegin':
          for (const c of functions) await c.onPredictBegin?.();
          return;
        case 'predictEnd':
          for (const c of functions) await c.onPredictEnd?.();
          return;
        default: {
          const name = called[event as 'batchBegin' | 'testBatchBegin' | 'testBatchEnd' | 'predictBatchBegin' | 'predictBatchEnd'];
          for (const c of functions) await c[name]?.(batch, logs);
        }
      }
    });
    const wanted = Object.entries(called).filter(([, name]) => functions.some((c) => typeof c[name] === 'function'));
    return { functions: wanted.map(([event]) => event) };
  }

  /** One of Keras's. */
  async #config(item: CallbackConfig, resumes: boolean): Promise<WireObject> {
    const wire = { class_name: item.className, config: item.config };
    switch (item.className) {
      case 'LearningRateScheduler': {
        const schedule = item.first as Schedule;
        if (typeof schedule !== 'function') throw new TabgradError('bad_config', `learningRateScheduler: schedule is ${typeof schedule}, want a function of an epoch and a learning rate`);
        this.#asked.push(({ data }) => schedule(data['epoch'] as number, data['learningRate'] as number));
        return wire;
      }
      case 'ModelCheckpoint': {
        const target = item.first as SaveTarget;
        const byPath = typeof target === 'string' || target instanceof URL;
        this.#asked.push(async ({ data }) => {
          const artifacts = toArtifacts(data['json'] as string, data['weights'] as Uint8Array);
          const metadata = this.#metadata();
          if (metadata !== undefined) artifacts.userDefinedMetadata = metadata;
          await saveArtifacts(byPath ? (data['path'] as string) : target, artifacts, {});
        });
        return { ...wire, config: { ...item.config, filepath: byPath ? String(target) : 'a handler' } };
      }
      case 'CSVLogger': {
        const text = await openText('csvLogger', item.first as LogTarget, resumes || item.config['append'] === true);
        this.#texts.push(text);
        this.#asked.push(async ({ data }) => (typeof data['size'] === 'number' ? text.cut(data['size']) : text.append(data['text'] as string)));
        return { ...wire, config: { ...item.config, filename: 'the page' }, ...(text.size === undefined ? {} : { size: text.size }) };
      }
      case 'BackupAndRestore': {
        const place = this.#backups!;
        this.#asked.push(async ({ data }) => (data['data'] === null ? place.remove() : place.save(data['data'] as Uint8Array)));
        return wire;
      }
      default:
        this.#asked.push(() => {});
        return wire;
    }
  }
}
