export type ActivationName = string; export type InitializerName = string; export type LossName = string; export type MetricName = string; export type OptimizerName = string;
