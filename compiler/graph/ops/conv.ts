/** Integer convolution, 2-D, grouped; a padded position contributes nothing (it stands for the zero point). */
import { INT32 } from '../types.ts';
import { allocate, type OpDefinition, requireThat } from './op.ts';
import { outputSize } from './window.ts';

export const conv: OpDefinition<'conv'> = {
  doc: 'integer convolution into 32-bit accumulators',
  arity: [2, 3],
  infer({ window, groups, wZero }, [x, w, bias]) {
    requireThat(x !== undefined && w !== undefined, 'convolution needs an input and weights');
    requireThat(x.element.kind === 'int' && w.element.kind === 'int', 'convolution needs integer operands: quantize both first');
    requireThat(x.shape.length === 4 && w.shape.length === 4, `convolution is 2-D: input and weights need 4 dims, got [${x.shape}] and [${w.shape}]`);
    const [n, c, h, wd] = x.shape as [number, number, number, number];
    const [o, ci, kh, kw] = w.shape as [number, number, number, number];
    requireThat(c % groups === 0 && o % groups === 0, `${groups} groups must divide ${c} input and ${o} output channels`);
    requireThat(ci === c / groups, `weights have ${ci} input channels a group, the input has ${c / groups}`);
    requireThat(kh === window.kernel[0] && kw === window.kernel[1], `kernel_shape [${window.kernel}] disagrees with weights [${w.shape}]`);
    requireThat(wZero.length === 1 || wZero.length === o, `weight zero point has ${wZero.length} elements, expected 1 or ${o}`);
    requireThat(bias === undefined || (bias.shape.length === 1 && bias.shape[0] === o), `bias must be [${o}]`);
    const [oh, ow] = outputSize(window, h, wd, false);
    requireThat(oh > 0 && ow > 0, `the kernel does not fit the ${h}x${wd} input`);
    return { element: INT32, shape: [n, o, oh, ow] };
  },
  reference({ window, groups, xZero, wZero }, [x, w, bias], output) {
    const out = allocate(output);
    const [n, , h, width] = x!.type.shape as [number, number, number, number];
    const [o, ci, kh, kw] = w!.type.shape as [number, number, number, number];
    const [, , oh, ow] = output.shape as [number, number, number, number];
    const channels = ci * groups;
    const perGroup = o / groups;
    const [sy, sx] = window.strides;
    const [dy, dx] = window.dilations;
    const [top, left] = window.pads;
    let at = 0;
    for (let b = 0; b < n; b++) {
      for (let oc = 0; oc < o; oc++) {
        const firstChannel = Math.floor(oc / perGroup) * ci;
        const zero = wZero.length === 1 ? wZero[0]! : wZero[oc]!;
        for (let y = 0; y < oh; y++) {
          for (let z = 0; z < ow; z++) {
            let sum = bias === undefined ? 0 : bias.data[oc]!;
            for (let c = 0; c < ci; c++) {
              const plane = (b * channels + firstChannel + c) * h;
              const kernel = (oc * ci + c) * kh;
              for (let r = 0; r < kh; r++) {
                const iy = y * sy - top + r * dy;
                if (iy < 0 || iy >= h) continue;
                for (let s = 0; s < kw; s++) {
                  const ix = z * sx - left + s * dx;
                  if (ix < 0 || ix >= width) continue;
                  sum += (x!.data[(plane + iy) * width + ix]! - xZero) * (w!.data[(kernel + r) * kw + s]! - zero);
                }
              }
            }
            out[at++] = sum;
          }
        }
      }
    }
    return out;
  },
};
