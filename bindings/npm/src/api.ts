// What both builds export besides load.

export { TabgradError, type ErrorCode } from './errors.js';
export { Tabgrad, type EngineStats, type InputOptions, type LoadOptions } from './load.js';
export type { EngineInfo } from './protocol.js';
export { Model, type ModelOptions } from './model.js';
export { Sequential, type SequentialOptions } from './sequential.js';
export type { CompileOptions, LossSpec, MetricSpec } from './compile.js';
export { GraphTensor, Layer, type CallArgs, type NamedWeight } from './layer.js';
export { SymbolicTensor, type Shape } from './symbolic.js';
export {
  customLayer,
  customLoss,
  customMetric,
  type CustomCall,
  type CustomLayerOptions,
  type CustomLossOptions,
  type CustomWeight,
  type LambdaOptions,
  type LossFunction,
  type MetricFunction,
} from './custom.js';
export * as ops from './ops.js';
export type { EvaluateOptions, FitOptions, History, PredictOptions } from './fit.js';
export type { Input } from './fit_tensors.js';
export type { Batch, Batches, PredictBatch } from './feeds.js';
export { CallbackConfig, type BackupTarget, type Callback, type CallbackList, type Callbacks, type Figure, type LogTarget, type Logs, type Progress, type Schedule } from './callbacks.js';
export { data } from './data.js';
export type { CSVColumn, CSVDescription, CSVOptions, CSVSample, CSVSource, CSVStream } from './csv.js';
export type { DecodedImage, ImageOptions, ImageSource, ImageStream, LabelledImage } from './images.js';
export type { PadOptions, TimeseriesOptions } from './sequences.js';
export { Stream, type Sample, type SampleValue, type ShuffleOptions, type Source, type StackedBatch } from './stream.js';
export type { BackupHandler } from './backups.js';
export type { TextWriter } from './text_files.js';
export { oneHot, tensor, type NestedArray, type Tensor, type TensorData, type TensorLike, type TensorOptions } from './tensor.js';
export { io, type LoadModelOptions, type ModelSource, type SaveOptions, type SaveTarget } from './saving.js';
export type { LoadHandler, ModelArtifacts, ModelArtifactsInfo, SaveHandler, SaveResult, WeightSpec } from './artifacts.js';
export { Config, type Activation, type Constraint, type Initializer, type LearningRateSchedule, type Loss, type Metric, type Optimizer, type Regularizer } from './config.js';
export type { AdaptBatch, AdaptBatches } from './adapt.js';
export { TextVectorizer, type StringLookupOptions, type TextBatches, type TextVectorizationOptions } from './text.js';
export type { Dataset, Datasets, DigitsOptions, IdxSource, MnistOptions, Samples } from './datasets.js';
export * as activations from './gen_activations.js';
export * as layers from './layers.js';
export * as optimizers from './gen_optimizers.js';
export * as losses from './gen_losses.js';
export * as metrics from './gen_metrics.js';
export * as initializers from './gen_initializers.js';
export * as regularizers from './gen_regularizers.js';
export * as constraints from './gen_constraints.js';
export * as schedules from './gen_schedules.js';
export * as callbacks from './gen_callbacks.js';
export type { ActivationName, ConstraintName, InitializerName, LossName, MetricName, OptimizerName, RegularizerName } from './gen_names.js';
