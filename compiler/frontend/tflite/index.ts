/** The TensorFlow Lite frontend: quantized models into a graph. */
export { checkTflite, type ImportedTflite, importTflite, type TfliteCheck } from './import.ts';
export { supportedOperators } from './ops/index.ts';
export { isTflite } from './read.ts';
