// What the functions of custom layers, losses and metrics do is written down here: they get tensors without numbers, and call the operations of
// gen_ops.ts on them. What comes out is data, which the engine replays (nn/recording.go).
//
// Shapes belong to the engine. A function that asks for the shape of what it has computed is left at that point, by a throw; the engine is asked for the shapes of
// all that it has computed so far, and it is run again. So there are no shape rules here, and a function may be run a few times.

import { GraphTensor } from './layer.js';
import { wireValue } from './config.js';
import type { Connection } from './connection.js';
import { applyOperation } from './custom.js';
import { TabgradError } from './errors.js';
import type { Wire, WireObject } from './protocol.js';
import { SymbolicTensor, type Shape } from './symbolic.js';
import { describe, toTensor, type TensorLike } from './tensor.js';

export { SymbolicTensor, type Shape };

/** What operations are done on: tensors without numbers, numbers, and tensors of numbers that do not change. */
export type Operand = SymbolicTensor | TensorLike | number;

/** An operation's arguments: in their order, or in an object by their names. */
export type Args<InOrder extends readonly unknown[], ByName> = InOrder | [options: ByName];

/** What a function did, as it travels. */
export interface Recorded {
  ops: Wire[];
  outputs: string[];
}

/** What a function is run on. */
export interface Run {
  /** One sample's shapes of its tensors. */
  inputs: readonly (readonly number[])[];
  /** A layer's weights, as they travel. */
  weights?: readonly (WireObject & { name: string; shape: readonly number[] })[];
  /** Whether it is a layer's, which may draw random numbers and assign states. */
  layer: boolean;
  training?: boolean;
}

/** A tensor in a function that is being recorded. */
class RecordedTensor extends SymbolicTensor {
  constructor(
    readonly recorder: Recorder,
    readonly ref: string,
    readonly index: number,
    readonly known?: Shape,
  ) {
    super();
  }

  get shape(): Shape {
    return this.known ?? this.recorder.shapeOf(this.index);
  }
}

class Recorder {
  readonly ops: Wire[] = [];
  /** A shape was asked for that isn't known. */
  asked = false;

  /** shapes are those of the first results, from the run before. */
  constructor(
    readonly what: string,
    readonly shapes: readonly Shape[],
  ) {}

  shapeOf(index: number): Shape {
    const known = this.shapes[index];
    if (known) return known;
    this.asked = true;
    throw new TabgradError('internal', `${this.what}: the shape of a tensor isn't known yet; a function must let this error pass`);
  }

  add(name: string, operands: readonly Wire[], args: WireObject): RecordedTensor {
    this.ops.push([name, operands, args]);
    const index = this.ops.length - 1;
    return new RecordedTensor(this, `t${index}`, index);
  }

  operand(where: string, value: Operand): Wire {
    if (typeof value === 'number') return value;
    if (value instanceof RecordedTensor) {
      if (value.recorder !== this) throw new TabgradError('bad_config', `${where}: a tensor of another function, or of another run of this one`);
      return value.ref;
    }
    if (value instanceof SymbolicTensor) {
      throw new TabgradError('bad_config', `${where}: a tensor of a graph inside of a function; apply the layer to it, [x, y], and take it from inputs`);
    }
    const { data, shape, scale = 1 } = toTensor(value, where);
    return this.add('constant', [], { value: Float32Array.from(data, (v) => v * scale), shape }).ref;
  }
}

/** The function that is being recorded. */
let current: Recorder | undefined;

/** Does an operation of the engine's table; gen_ops.ts calls it. */
export function operation(name: string, operands: readonly Operand[], args: readonly unknown[] = [], names: readonly string[] = []): SymbolicTensor {
  const where = `ops.${name}`;
  if (!Array.isArray(operands)) throw new TabgradError('bad_config', `${where}: got ${describe(operands)}, want an array of tensors`);
  const given = argsByName(where, args, names);
  if (current) return current.add(name, operands.map((o) => current!.operand(where, o)), given);
  if (operands.some((o) => o instanceof GraphTensor)) return applyOperation(name, operands, given);
  throw new TabgradError('bad_config', `${where}: it is done on the tensors of a graph, or in the function of a custom layer, loss or metric`);
}

function argsByName(where: string, args: readonly unknown[], names: readonly string[]): WireObject {
  const [first] = args;
  const byName = args.length === 1 && typeof first === 'object' && first !== null && !Array.isArray(first) && !ArrayBuffer.isView(first);
  if (!byName && args.length > names.length) throw new TabgradError('bad_config', `${where}: ${args.length} arguments, want at most ${names.length} (${names.join(', ')})`);
  const out: Record<string, Wire> = {};
  for (const [key, value] of byName ? Object.entries(first) : args.map((value, i) => [names[i]!, value] as const)) {
    if (value !== undefined && value !== null) out[key] = wireValue(`${where}: ${key}`, value);
  }
  return out;
}

/** Constants as a tensor of the function. */
export function constantTensor(value: TensorLike | number): SymbolicTensor {
  if (!current) throw new TabgradError('bad_config', 'ops.constant: it is for the function of a custom layer, loss or metric');
  if (typeof value === 'number') return current.add('full', [], { shape: [], fill_value: value });
  const { data, shape, scale = 1 } = toTensor(value, 'ops.constant');
  return current.add('constant', [], { value: Float32Array.from(data, (v) => v * scale), shape });
}

/** Runs a function and writes down what it does. `what` begins the errors' messages. */
export async function record(
  connection: Connection,
  what: string,
  run: Run,
  call: (inputs: SymbolicTensor[], weights: Record<string, SymbolicTensor>) => unknown,
): Promise<Recorded> {
  const { inputs, weights = [], layer, training = false } = run;
  let before = new Recorder(what, []);
  for (;;) {
    const recorder = new Recorder(what, before.shapes);
    const x = inputs.map((shape, i) => new RecordedTensor(recorder, `x${i}`, i, [null, ...shape]));
    const w = Object.fromEntries(weights.map(({ name, shape }, i) => [name, new RecordedTensor(recorder, `w${i}`, i, shape)]));
    const result = during(recorder, () => call(x, w));
    if (before.asked && !sameStart(before.ops, recorder.ops)) {
      throw new TabgradError('bad_config', `${what}: its function does other things each time that it is run; what it draws at random it must draw with ops`);
    }
    if (!recorder.asked) return { ops: recorder.ops, outputs: outputsOf(recorder, result) };
    const asked = { inputs, weights, ops: recorder.ops, layer, training } as unknown as WireObject;
    const { shapes } = await connection.call<{ shapes: Shape[] }>('ops.shapes', asked).catch((error: unknown) => {
      throw error instanceof TabgradError ? new TabgradError(error.code, `${what}: ${error.message}`, { cause: error }) : error;
    });
    const known = new Recorder(what, shapes);
    known.ops.push(...recorder.ops);
    known.asked = true;
    before = known;
  }
}

/** Calls the function with its operations going to the recorder. What it throws after it asked for a shape is the asking. */
function during(recorder: Recorder, call: () => unknown): unknown {
  const outer = current;
  current = recorder;
  try {
    return call();
  } catch (error) {
    if (recorder.asked) return undefined;
    throw error instanceof TabgradError ? new TabgradError(error.code, `${recorder.what}: ${error.message}`, { cause: error }) : error;
  } finally {
    current = outer;
  }
}

function sameStart(before: readonly Wire[], now: readonly Wire[]): boolean {
  const text = (ops: readonly Wire[]) => ops.map((op) => JSON.stringify(op));
  const [old, again] = [text(before), text(now)];
  return old.every((op, i) => op === again[i]);
}

function outputsOf(recorder: Recorder, result: unknown): string[] {
  const list = Array.isArray(result) ? result : [result];
  return list.map((y: unknown) => {
    if (y instanceof RecordedTensor && y.recorder === recorder) return y.ref;
    const hint = y instanceof Promise ? 'a promise: the function must not be async' : describe(y);
    throw new TabgradError('bad_config', `${recorder.what}: its function returned ${hint}, want a tensor that it made with ops`);
  });
}
