// A saved model as it is handed around: the artifacts of TensorFlow.js's save and load handlers, and the files that hold them.

import { TabgradError } from './errors.js';

/** A weight in weightData: its values lie one behind another, little-endian, in the order of the specs. */
export interface WeightSpec {
  name: string;
  shape: number[];
  dtype: 'float32' | 'int32';
  /** 'optimizer' for what training goes on from. */
  group?: string;
  quantization?: { dtype: 'uint8' | 'uint16' | 'float16'; scale?: number; min?: number };
}

/** What a handler's save gets and its load gives; the same as in TensorFlow.js, whose handlers fit here and the other way round. */
export interface ModelArtifacts {
  modelTopology?: object;
  format?: string;
  generatedBy?: string;
  convertedBy?: string | null;
  weightSpecs?: WeightSpec[];
  weightData?: ArrayBuffer | ArrayBuffer[];
  trainingConfig?: object;
  userDefinedMetadata?: Record<string, unknown>;
  /** What tabgrad needs beyond TensorFlow.js's format to go on training to the bit. */
  tabgrad?: object;
}

/** What is known of a saved model without reading it. */
export interface ModelArtifactsInfo {
  dateSaved: Date;
  modelTopologyType: 'JSON';
  modelTopologyBytes: number;
  weightSpecsBytes: number;
  weightDataBytes: number;
}

export interface SaveResult {
  modelArtifactsInfo: ModelArtifactsInfo;
  /** Of a model that was posted. */
  responses?: Response[];
}

/** A place of one's own that models are saved to. */
export interface SaveHandler {
  save(artifacts: ModelArtifacts): Promise<SaveResult> | SaveResult;
}

/** A place of one's own that models come from. */
export interface LoadHandler {
  load(): Promise<ModelArtifacts> | ModelArtifacts;
}

/** A model's files, as the engine reads them. */
export type ModelFiles = { json: string; files: Record<string, Uint8Array>; seedless: boolean } | { safetensors: Uint8Array };

/** model.json as an object. */
export type ModelJSON = Record<string, unknown>;

/** The artifacts of what the engine writes. */
export function toArtifacts(json: string, weights: Uint8Array): ModelArtifacts {
  const { weightsManifest, ...rest } = JSON.parse(json) as ModelJSON & { weightsManifest: [{ weights: WeightSpec[] }] };
  return { ...rest, weightSpecs: weightsManifest[0].weights, weightData: weights.buffer as ArrayBuffer };
}

/** model.json for artifacts whose weights are in the files at paths. */
export function modelJSON({ weightData: _, weightSpecs = [], ...rest }: ModelArtifacts, paths: readonly string[]): string {
  return JSON.stringify({ ...rest, weightsManifest: [{ paths, weights: weightSpecs }] });
}

/** The artifacts as files; where says whose they are. */
export function artifactFiles(where: string, artifacts: ModelArtifacts): ModelFiles {
  if (artifacts === null || typeof artifacts !== 'object') throw new TabgradError('bad_format', `${where}: got ${String(artifacts)}, want the artifacts of a model`);
  const { modelTopology, weightSpecs, weightData } = artifacts;
  if (modelTopology === undefined || modelTopology === null || modelTopology instanceof ArrayBuffer) {
    throw new TabgradError('bad_format', `${where}: there is no modelTopology, want the layers as JSON`);
  }
  if (!Array.isArray(weightSpecs) || weightData === undefined || weightData === null) throw new TabgradError('bad_format', `${where}: there are no weights`);
  const parts = Array.isArray(weightData) ? weightData : [weightData];
  const names = parts.map((_, i) => `weights-${i}.bin`);
  const files: Record<string, Uint8Array> = {};
  parts.forEach((part, i) => (files[names[i]!] = ArrayBuffer.isView(part) ? new Uint8Array(part.buffer, part.byteOffset, part.byteLength) : new Uint8Array(part)));
  return { json: modelJSON(artifacts, names), files, seedless: artifacts.tabgrad === undefined };
}

/** model.json parsed, or what came instead of it. */
export function parseModelJSON(where: string, text: string): ModelJSON {
  let top: unknown;
  try {
    top = JSON.parse(text);
  } catch (error) {
    const begin = JSON.stringify(text.slice(0, 40));
    const what = /^\s*</.test(text) ? `is a web page (it begins with ${begin}), as servers send where a file is missing` : `is not JSON: it begins with ${begin}`;
    throw new TabgradError('bad_format', `${where} ${what}; want a model.json`, { cause: error });
  }
  if (top === null || typeof top !== 'object' || Array.isArray(top)) throw new TabgradError('bad_format', `${where} is not an object, want a model.json`);
  return top as ModelJSON;
}

/** The weight files that a model.json names, below its folder. Others are refused before anything is fetched. */
export function weightPaths(where: string, top: ModelJSON): string[] {
  const manifest = top['weightsManifest'];
  if (!Array.isArray(manifest)) throw new TabgradError('bad_format', `${where}: weightsManifest is missing, want a model.json as TensorFlow.js and tabgrad write it`);
  const paths: string[] = [];
  for (const group of manifest as { paths?: unknown }[]) {
    if (!Array.isArray(group?.paths)) throw new TabgradError('bad_format', `${where}: weightsManifest has a group without paths`);
    for (const path of group.paths as unknown[]) {
      const clean = typeof path === 'string' ? path.replace(/^\.\//, '') : '';
      if (clean === '' || /[\\:?#]|^\/|(^|\/)\.{0,2}(\/|$)|%2e|%2f|%5c/i.test(clean)) {
        throw new TabgradError('bad_format', `${where}: a weight file is ${JSON.stringify(path)}, want a path below the model's folder`);
      }
      paths.push(clean);
    }
  }
  return paths;
}

/** A model of a model.json and its weight files, which read gets by their paths. */
export async function readModelJSON(where: string, json: string, read: (path: string) => Promise<Uint8Array>): Promise<ModelFiles> {
  const top = parseModelJSON(where, json);
  const paths = weightPaths(where, top);
  const bytes = await Promise.all(paths.map(read));
  return { json, files: Object.fromEntries(paths.map((path, i) => [path, bytes[i]!])), seedless: top['tabgrad'] === undefined };
}

/** The weights in one piece. */
export function joined(data: ModelArtifacts['weightData']): ArrayBuffer {
  if (data === undefined) return new ArrayBuffer(0);
  if (!Array.isArray(data)) return data;
  const all = new Uint8Array(data.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of data) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all.buffer;
}

export function infoOf(artifacts: ModelArtifacts): ModelArtifactsInfo {
  const bytes = (value: unknown) => (value === undefined ? 0 : new TextEncoder().encode(JSON.stringify(value)).length);
  const { weightData = [] } = artifacts;
  return {
    dateSaved: new Date(),
    modelTopologyType: 'JSON',
    modelTopologyBytes: bytes(artifacts.modelTopology),
    weightSpecsBytes: bytes(artifacts.weightSpecs),
    weightDataBytes: Array.isArray(weightData) ? weightData.reduce((sum, part) => sum + part.byteLength, 0) : weightData.byteLength,
  };
}
