/**
 * Totals of every network: what the description counts, the constants that `zoo list` shows, and the reference tables agree exactly;
 * convolutional networks layer by layer, the others product by product.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countLayer, countNetwork, type Product, productsOf } from '../../../src/workloads/count.ts';
import type { Layer, Network } from '../../../src/workloads/layers.ts';
import { ZOO } from '../../../src/workloads/networks/index.ts';
import { sharedFile } from '../../harness/shared.ts';

/** Tables of the reference, by name of the zoo. The cameras are resnet50-v1-225 several times. */
const TABLES: Readonly<Record<string, string>> = {
  resnet18: 'resnet18',
  resnet50: 'resnet50_v15_224',
  'resnet50-v1-225': 'resnet50_v1_caffe_225',
  vgg16: 'vgg16',
  alexnet: 'alexnet_torchvision',
  'alexnet-2group': 'alexnet_original_2group',
  mobilenetv1: 'mobilenet_v1_1.0_224',
  mobilenetv2: 'mobilenet_v2_1.0',
  'mobilenetv2-1.4': 'mobilenet_v2_1.4',
  'mobilenetv3-small': 'mobilenet_v3_small',
  mobilenext: 'mobilenext_1.0',
  'mobilenext-half': 'mobilenext_1.0',
  'efficientnet-b0': 'efficientnet_b0',
  'efficientnet-lite0': 'efficientnet_lite0',
  mobilefacenet: 'mobilefacenet_112',
  'yolov3-tiny': 'yolov3_tiny_416',
  'yolo-fastest': 'yolo_fastest_1.1_320',
  unet: 'unet32_256',
  'espcn-x3': 'espcn_x3_1080p',
  'fsrcnn-x2': 'fsrcnn_x2_720p',
  'zero-dce': 'zero_dce_256',
  dcgan: 'dcgan_generator_64',
  dqn: 'dqn_atari_18',
  'alphago-policy': 'alphago_sl_policy_192',
  'mlperf-tiny-resnet8': 'mlperf_tiny_ic_resnet8',
  'mlperf-tiny-dscnn': 'mlperf_tiny_kws_dscnn',
  'mlperf-tiny-mobilenetv1': 'mlperf_tiny_vww_mobilenetv1_0.25_96',
  'mlperf-tiny-autoencoder': 'mlperf_tiny_ad_autoencoder',
  'riair-mixnet-s': 'micronet_riair_mixnet_s',
  'riair-densenet100': 'micronet_riair_densenet100_k12_cifar100',
  'bert-base-s128': 'bert_base_s128',
  'bert-base-s384': 'bert_base_s384',
  'bert-large-s384': 'bert_large_s384',
  'convbert-base-s128': 'convbert_base_s128',
  'transformer-big': 'transformer_big_2017',
  'transformer-base': 'transformer_base_2017',
  'gpt2-prefill': 'gpt2_small_prefill1024',
  'gpt2-decode': 'gpt2_small_decode_past1023',
  'llama-7b-decode': 'llama_7b_decode_past2047',
  'bitnet-large-decode': 'bitnet_b158_large_decode_past2047',
  'bitnet-3b-decode': 'bitnet_b158_3b_decode_past2047',
  'bitnet-2b4t-decode': 'bitnet_b158_2b4t_decode_past4095',
  gnmt: 'gnmt_mlperf_4layer',
  'gnmt-8layer': 'gnmt_8layer_tfnmt',
  deepspeech2: 'deepspeech2_5x1024_bilstm',
};

interface Table {
  readonly computed: { readonly macs: number; readonly params: number };
  readonly layers?: readonly (readonly unknown[])[];
  readonly gemms?: readonly (readonly [string, string, number, number, number, number, number, number])[];
  readonly wbits?: readonly number[];
}
interface Reference {
  readonly layer_fields: readonly string[];
  readonly models: Readonly<Record<string, Table>>;
}

const path = sharedFile('reference', 'workloads.json');
const reference = path === undefined ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as Reference);

describe.each(ZOO.map((entry) => ({ entry, name: entry.name })))('$name', ({ entry }) => {
  const network = entry.describe();

  it('counts what its constants say', () => {
    const { macs, params } = countNetwork(network);
    expect({ macs: macs * (entry.batch ?? 1), params }).toEqual(entry.totals);
  });

  if (entry.batch !== undefined) return;
  describe.skipIf(reference === undefined)('(needs ../shared/reference)', () => {
    const table = reference?.models[TABLES[entry.name] ?? ''];

    it('has the totals of the reference', () => {
      expect(countNetwork(network)).toEqual({ macs: table?.computed.macs, params: table?.computed.params });
    });

    if (table?.layers !== undefined)
      it('has the layers of the reference', () => {
        expect(rowsOf(network)).toEqual(tableRows(reference!, table));
      });

    if (table?.gemms !== undefined)
      it('has the products of the reference', () => {
        expect(productSums(network)).toEqual(tableSums(table));
      });

    if (table?.wbits !== undefined)
      it('has the published widths', () => {
        expect(entry.publishedWidths?.map((w) => w.weights)).toEqual(table.wbits);
      });
  });
});

it('every network but the cameras has a table', () => {
  const single = ZOO.filter((e) => e.batch === undefined).map((e) => e.name);
  expect(Object.keys(TABLES).sort()).toEqual(single.sort());
  if (reference !== undefined)
    for (const name of single) {
      const { layers, gemms } = reference.models[TABLES[name]!]!;
      expect(layers ?? gemms, name).toBeDefined();
    }
});

/** The layers that multiply, as the reference's rows have them. */
function rowsOf(network: Network) {
  return network.sections.flatMap((s) => s.layers.filter((l) => productsOf(l).length > 0).map(rowOf));
}

function rowOf(layer: Layer) {
  const a = layer.attributes as Extract<Layer, { kind: 'conv' }>['attributes'];
  const input = layer.inputs[0]!.shape;
  const base = { name: layer.name, bias: a.bias, bn: a.bn, ...countLayer(layer), cout: layer.output.shape[0] };
  if (layer.kind === 'linear') return { ...base, op: 'fc', cin: input.reduce((n, d) => n * d, 1) };
  const size = {
    cin: input[0],
    hin: input[1],
    win: input[2],
    hout: layer.output.shape[1],
    wout: layer.output.shape[2],
  };
  if (layer.kind === 'deconv')
    return { ...base, ...size, op: 'deconv', kernel: [a.kernel, a.kernel].flat(), groups: 1 };
  return { ...base, ...size, op: a.groups === 1 ? 'conv' : 'grouped', kernel: [...a.kernel], groups: a.groups };
}

function tableRows({ layer_fields }: Reference, table: Table) {
  const rows = table.layers!.map((row) => Object.fromEntries(layer_fields.map((f, i) => [f, row[i]])));
  return rows
    .filter((r) => (r.macs as number) > 0)
    .map((r) => {
      const base = { name: r.name, bias: r.bias === 1, bn: r.bn === 1, macs: r.macs, params: r.params, cout: r.cout };
      if (r.op === 'fc') return { ...base, op: 'fc', cin: r.cin };
      const size = { cin: r.cin, hin: r.hin, win: r.win, hout: r.hout, wout: r.wout };
      const op = r.op === 'deconv' ? 'deconv' : r.groups === 1 ? 'conv' : 'grouped';
      return { ...base, ...size, op, kernel: [r.kh, r.kw], groups: r.groups };
    });
}

/**
 * Output columns by rows, inner size and kind of second operand: three projections of 768 columns are one of 2304. A recurrent product
 * is listed once by the reference, and done at each step.
 */
function productSums(network: Network): Record<string, number> {
  const products = network.sections.flatMap((s) =>
    s.layers.flatMap((l) => productsOf(l).map((p) => ({ ...p, count: p.count * s.repeat }))),
  );
  return sums(products);
}

function tableSums(table: Table): Record<string, number> {
  return sums(table.gemms!.map(([, , m, k, n, count, weights]) => ({ m, k, n, count, weights: weights === 1 })));
}

function sums(products: readonly Product[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const p of products) {
    // One column: vectors that differ in every row, however they are listed.
    const [rows, columns] = p.n === 1 ? ['rows of', p.m * p.count] : [`${p.m} x`, p.n * p.count];
    const key = `${rows} ${p.k} ${p.weights ? 'weights' : 'activations'}`;
    out[key] = (out[key] ?? 0) + columns;
  }
  return out;
}
