/** Resize in each mode, transformation and rounding, by scales and to sizes: one small model for each. */
import { float } from '../../../compiler/frontend/onnx/index.ts';
import { type Attributes, type Form, unaryForm, withOpset } from './form-models.ts';

/** Resize by scales or to sizes of the image. */
function resizeForm(to: readonly number[], attributes: Attributes, by: 'scales' | 'sizes' = 'scales'): Form {
  return withOpset(
    18,
    unaryForm([1, 2, 6, 5], (m, x) => {
      const scales = by === 'scales' ? m.tensor('float32', [4], [1, 1, ...to]) : '';
      const sizes = by === 'sizes' ? [m.tensor('int64', [4], [1, 2, ...to])] : [];
      return m.node('Resize', [x.float, '', scales, ...sizes], attributes);
    }),
  );
}

const TRANSFORMS = ['half_pixel', 'asymmetric', 'pytorch_half_pixel', 'align_corners'];

/** By name; every one equals the oracle bit for bit. */
export const RESIZE_FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ...TRANSFORMS.flatMap((t): [string, Form][] => [
    [`linear by 2, ${t}`, resizeForm([2, 2], { mode: 'linear', coordinate_transformation_mode: t })],
    [`linear by 3 and 4, ${t}`, resizeForm([3, 4], { mode: 'linear', coordinate_transformation_mode: t })],
    [`linear to 9 and 13, ${t}`, resizeForm([9, 13], { mode: 'linear', coordinate_transformation_mode: t }, 'sizes')],
    [`nearest by a half, ${t}`, resizeForm([0.5, 2], { coordinate_transformation_mode: t })],
    [`nearest to 4 and 7, ${t}`, resizeForm([4, 7], { coordinate_transformation_mode: t }, 'sizes')],
  ]),
  ...TRANSFORMS.map((t): [string, Form] => [
    `cubic by 2, ${t}`,
    resizeForm([2, 2], { mode: 'cubic', coordinate_transformation_mode: t }),
  ]),
  ['cubic by 3 and 1', resizeForm([3, 1], { mode: 'cubic' })],
  ['cubic to 4 and 7', resizeForm([4, 7], { mode: 'cubic' }, 'sizes')],
  ['cubic to 9 and 13, inside', resizeForm([9, 13], { mode: 'cubic', exclude_outside: 1 }, 'sizes')],
  ['cubic by 2, another coefficient', resizeForm([2, 2], { mode: 'cubic', cubic_coeff_a: float(-0.5) })],
  ['linear by a half', resizeForm([0.5, 0.4], { mode: 'linear' })],
  [
    'linear to one pixel',
    resizeForm([1, 1], { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' }, 'sizes'),
  ],
  ...['floor', 'ceil', 'round_prefer_ceil'].map((rounding): [string, Form] => [
    `nearest by 1.5, ${rounding}`,
    resizeForm([1.5, 1.5], { nearest_mode: rounding, coordinate_transformation_mode: 'asymmetric' }),
  ]),
]);
