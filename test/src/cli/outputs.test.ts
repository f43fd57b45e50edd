/** --outputs: a network that ends before its own outputs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeModel, makeNode, makeTensor, makeValue, writeModel } from '../../../compiler/frontend/onnx/index.ts';
import { CODES, makeTflite } from '../../compiler/frontend/tflite/make.ts';
import { expectRefusal, qnpu, scratchFolder } from './rig.ts';

const folder = scratchFolder();
const path = join(folder, 'detector.onnx');
writeFileSync(
  path,
  writeModel(
    makeModel({
      name: 'detector',
      opset: 13,
      inputs: [makeValue('x', 'uint8', [1, 4])],
      outputs: [makeValue('chosen', 'int64', [null, 3])],
      initializers: [
        makeTensor('s', 'float32', [], [0.5]),
        makeTensor('z', 'uint8', [], [128]),
        makeTensor(
          'w',
          'int8',
          [4, 4],
          Array.from({ length: 16 }, (_, i) => i - 8),
        ),
        makeTensor('ws', 'float32', [], [0.25]),
        makeTensor('wz', 'int8', [], [0]),
        makeTensor('shape', 'int64', [3], [1, 1, 4]),
      ],
      nodes: [
        makeNode('QLinearMatMul', ['x', 's', 'z', 'w', 'ws', 'wz', 's', 'z'], ['codes']),
        makeNode('DequantizeLinear', ['codes', 's', 'z'], ['flat']),
        makeNode('Reshape', ['flat', 'shape'], ['/head/boxes']),
        makeNode('NonMaxSuppression', ['/head/boxes', '/head/boxes'], ['chosen']),
      ],
    }),
  ),
);

it('is what the refusal of the head asks for, and then the network runs', async () => {
  expectRefusal(await qnpu('run', path), /NonMaxSuppression/, /--outputs \/head\/boxes/);
  const ran = await qnpu('run', path, '--outputs', '/head/boxes', '--values', '--json');
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect((JSON.parse(ran.out) as { cycles: number }).cycles).toBeGreaterThan(0);
  const check = await qnpu('check', path, '--outputs', 'codes,/head/boxes', '-m', 'teach-8x8');
  expect(check).toMatchObject({ code: 0, err: '' });
  expect(check.out).toContain('supported on teach-8x8');
});

it('is refused where it cannot be met', async () => {
  expectRefusal(
    await qnpu('run', path, '--outputs', '/head/boxs'),
    /no node makes a value called '\/head\/boxs'/,
    /did you mean '\/head\/boxes'/,
  );
  expectRefusal(await qnpu('run', path, '--outputs', 'codes,codes'), /'codes' is named twice/);
  expectRefusal(await qnpu('run', path, '--outputs', 'codes,'), /a name is empty/);
  expectRefusal(await qnpu('run', path, '--outputs', ','), /a name is empty/);
  expectRefusal(await qnpu('run', 'zoo:mlperf-tiny-resnet8-w8a8', '--outputs', 'a'), /--outputs is for ONNX files/);
});

it('ends TensorFlow Lite networks at tensors', async () => {
  const codes = (name: string) => ({ name, shape: [1, 4], type: 'int8', scale: [0.1], zero: [2] }) as const;
  const file = join(folder, 'detector.tflite');
  const head = { code: CODES.CUSTOM, custom: 'TFLite_Detection_PostProcess', inputs: [1], outputs: [2] };
  writeFileSync(
    file,
    makeTflite({
      tensors: [codes('x'), codes('boxes;fused'), codes('found')],
      operators: [{ code: CODES.RELU, inputs: [0], outputs: [1] }, head],
      inputs: [0],
      outputs: [2],
    }),
  );
  expectRefusal(await qnpu('run', file), /TFLite_Detection_PostProcess/, /--outputs 'boxes;fused'/);
  expect(await qnpu('run', file, '--outputs', 'boxes;fused', '--values')).toMatchObject({ code: 0, err: '' });
  expectRefusal(await qnpu('run', file, '--outputs', 'boxs;fused'), /did you mean 'boxes;fused'/);
});
