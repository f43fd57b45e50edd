/** Post-training quantization of float networks. */
export {
  type CalibrationSample,
  type LayerReport,
  type QuantizationReport,
  quantizeModel,
  traceFloat,
} from './quantize.ts';
export { type CalibrationMethod, parseWidths, type Recipe, type Widths } from './recipe.ts';
