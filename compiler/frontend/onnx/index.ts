/** The ONNX frontend: messages in and out, and import into a graph. */
export {
  type AttributeInput,
  float,
  type ModelParts,
  makeModel,
  makeNode,
  makeScalar,
  makeTensor,
  makeValue,
} from './build.ts';
export type { QuantizerSite } from './context.ts';
export { cutModel } from './cut.ts';
export {
  checkModel,
  type ImportedModel,
  type ImportOptions,
  type InputType,
  importModel,
  knownBranches,
  type ModelCheck,
  type TracedModel,
  traceModel,
} from './import.ts';
export type { Constant } from './meaning.ts';
export type {
  AttributeValue,
  DataType,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
} from './model.ts';
export { supportedOps } from './ops/index.ts';
export { readModel, readTensorFile } from './read.ts';
export { nodeLabel, sortNodes } from './structure.ts';
export { type ExternalLoader, tensorValues } from './values.ts';
export { subgraphAttribute, writeModel, writeTensorFile } from './write.ts';
