/** The TensorFlow Lite frontend: quantized models into a graph. */

export { isTflite } from './identifier.ts';
export { checkTflite, type ImportedTflite, importTflite, type TfliteCheck } from './import.ts';
export { supportedOperators } from './ops/index.ts';
