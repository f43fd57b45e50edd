/** `--quantize`: a float model runs, says how it was quantized and what that cost; whatever is missing or wrong is told. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../compiler/frontend/onnx/index.ts';
import { readNpy, writeNpy } from '../../../src/io/npy.ts';
import { runSchema } from '../../../src/report/schema.ts';
import { bytesOf, digitsData, digitsModel, sharedModel } from '../../harness/models.ts';
import { sharedFile } from '../../harness/shared.ts';
import { expectRefusal, qnpu, scratchFolder } from './rig.ts';

const model = digitsModel('float');
const folder = scratchFolder();
const images = join(folder, 'images.npy');
const { data } = readNpy(bytesOf(digitsData('test-images')), 'images');
writeFileSync(images, writeNpy([12, 1, 16, 16], 'f4', Array.from(data).slice(0, 12 * 256)));

describe('a float network', () => {
  it('is compiled at the widths that are asked for, layer by layer', async () => {
    const options = ['--quantize', 'w4a8', '--quantize-layer', 'Gemm_logits=w8a8', '--calibrate', images, '--json'];
    const { code, out, err } = await qnpu('run', model, ...options);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const result = runSchema.parse(JSON.parse(out));
    expect(result.quantization?.layers.map((l) => [l.name, l.op, l.weightBits, l.activationBits])).toEqual([
      ['Conv_conv1.sum', 'Conv', 4, 8],
      ['Conv_conv2.sum', 'Conv', 4, 8],
      ['Conv_conv3.sum', 'Conv', 4, 8],
      ['Gemm_logits', 'Gemm', 8, 8],
    ]);
    expect(result.quantization).toMatchObject({ samples: 12, biasCorrection: true, assumed: [] });
    const count = (name: RegExp) =>
      readModel(bytesOf(model))
        .graph.initializers.filter((t) => name.test(t.name))
        .reduce((n, t) => n + t.dims.reduce((a, b) => a * b, 1), 0);
    const [narrow, wide] = [count(/^conv\d\.weight$/), count(/^dense\.weight$/)];
    // Biases are 32 bits.
    expect(result.model.weightBytes).toBe(narrow / 2 + wide + 4 * (result.model.params - narrow - wide));
    expect(result.model.params - narrow - wide).toBe(8 + 16 + 32 + 10);
    expect(result.warnings).toEqual([]);
  });

  it('without inputs says what it assumed, and shows the noise of each layer', async () => {
    const { code, out } = await qnpu('run', model, '--quantize', 'w8a8');
    expect(code).toBe(0);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      'warning: no calibration data: ranges come from 16 random inputs, seed 1, uniform in [0, 1) for image',
    );
    expect(out).toMatch(
      /Quantization: noise of each layer\n {2}w8a8, ranges by min-max of 16 inputs, biases as they are/,
    );
    expect(out).toMatch(/Conv_conv2\.sum +Conv +w8a8 +\d+\.\d dB +\d+\.\d dB +0 \.\. [\d.]+ +[\d.]+ %/);
  });

  it('has the same table on the page', async () => {
    const page = join(folder, 'page.html');
    expect((await qnpu('run', model, '--quantize', 'w4a8', '--html', page)).code).toBe(0);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('<h2>Quantization</h2>');
    expect(html).toMatch(/Conv_conv3\.sum<\/td>.*?w4a8<\/td><td class="n">[\d.]+ dB/);
  });

  it('is checked at those widths', async () => {
    const { code, out } = await qnpu('check', model, '--quantize', 'w4a4', '-m', 'edge-dcim-28nm');
    expect(code).toBe(0);
    expect(out).toMatch(/: supported on edge-dcim-28nm\n {2}note: no calibration data/);
  });

  it.skipIf(sharedModel('mnist-conv-float.onnx') === undefined)('of others too (needs ../shared/models)', async () => {
    const { code, out } = await qnpu('run', sharedFile('models', 'mnist-conv-float.onnx')!, '--quantize', 'w4a8');
    expect(code).toBe(0);
    expect(out).toMatch(/Convolution110 +Conv +w4a8/);
  });
});

it.each([
  ['nothing to go with', ['--calibrate', images], /--calibrate needs --quantize/],
  ['widths that are none', ['--quantize', 'w3a8'], /expected: w2, w4 or w8/],
  ['widths of a layer that are none', ['--quantize', 'w8a8', '--quantize-layer', 'Gemm_logits=8'], /names no widths/],
  ['a layer that is not there', ['--quantize', 'w8a8', '--quantize-layer', 'g=w8a8'], /expected: .*Gemm_logits/],
  ['inputs of another shape', ['--quantize', 'w8a8', '--calibrate', digitsData('test-labels')], /--calibrate: shape/],
  ['a file that is not there', ['--quantize', 'w8a8', '--calibrate', 'nothing.npy'], /nothing\.npy/],
])('refuses %s', async (_, options, says) => {
  expectRefusal(await qnpu('run', model, ...options), says);
});

it('refuses models that are quantized already, and networks of the zoo', async () => {
  expectRefusal(
    await qnpu('run', digitsModel('int8.qdq'), '--quantize', 'w4a8'),
    /quantized already/,
    /leave --quantize out/,
  );
  expectRefusal(await qnpu('run', 'zoo:resnet18-w4a4', '--quantize', 'w4a8'), /--quantize is for ONNX files/);
});
