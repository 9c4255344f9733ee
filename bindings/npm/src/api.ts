// What both builds export besides load.

export { TabgradError, type ErrorCode } from './errors.js';
export { Tabgrad, type EngineStats, type LoadOptions } from './load.js';
export type { EngineInfo } from './protocol.js';
export { Sequential, type CompileOptions, type NamedWeight, type SequentialOptions } from './model.js';
export type { EvaluateOptions, FitOptions, History, Input, PredictOptions } from './fit.js';
export type { Batch, Batches, PredictBatch } from './feeds.js';
export { CallbackConfig, type BackupTarget, type Callback, type CallbackList, type Callbacks, type LogTarget, type Logs, type Progress, type Schedule } from './callbacks.js';
export type { BackupHandler } from './backups.js';
export type { TextWriter } from './text_files.js';
export { oneHot, tensor, type NestedArray, type Tensor, type TensorData, type TensorLike, type TensorOptions } from './tensor.js';
export { io, type LoadModelOptions, type ModelSource, type SaveOptions, type SaveTarget } from './saving.js';
export type { LoadHandler, ModelArtifacts, ModelArtifactsInfo, SaveHandler, SaveResult, WeightSpec } from './artifacts.js';
export { Config, type Activation, type Constraint, type Initializer, type Layer, type Loss, type Metric, type Optimizer, type Regularizer } from './config.js';
export type { AdaptBatch, AdaptBatches } from './adapt.js';
export { TextVectorizer, type StringLookupOptions, type TextBatches, type TextVectorizationOptions } from './text.js';
export type { Dataset, Datasets, DigitsOptions, IdxSource, MnistOptions, Samples } from './datasets.js';
export * as activations from './gen_activations.js';
export * as layers from './gen_layers.js';
export * as optimizers from './gen_optimizers.js';
export * as losses from './gen_losses.js';
export * as metrics from './gen_metrics.js';
export * as initializers from './gen_initializers.js';
export * as regularizers from './gen_regularizers.js';
export * as constraints from './gen_constraints.js';
export * as callbacks from './gen_callbacks.js';
export type { ActivationName, ConstraintName, InitializerName, LossName, MetricName, OptimizerName, RegularizerName } from './gen_names.js';
