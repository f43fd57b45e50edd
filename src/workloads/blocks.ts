/** Blocks that several families of convolutional networks share. */
import { type ConvOptions, channelsOf, type SectionBuilder } from './describe.ts';
import type { Activation, Network, Section, Value } from './layers.ts';

export function singleSection(section: Section): Network {
  return { sections: [section] };
}

/** Global average, reduce, expand, gate: Hu et al. 2018. */
export function squeezeExcite(
  s: SectionBuilder,
  x: Value,
  name: string,
  o: { readonly reduced: number; readonly act: Activation; readonly gate: 'sigmoid' | 'hsigmoid' },
): Value {
  const pooled = s.add('global-average', `${name}.se_gap`, [x], {});
  const reduced = s.conv(pooled, `${name}.se_reduce`, { kernel: 1, out: o.reduced, bias: true, act: o.act });
  const gate = s.conv(reduced, `${name}.se_expand`, { kernel: 1, out: channelsOf(x), bias: true, act: o.gate });
  return s.add('multiply', `${name}.se_scale`, [x, gate], {});
}

export interface InvertedResidual {
  /** Channels after the expansion; as many as come in means that there is none. */
  readonly expanded: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly act: Activation;
  readonly pad?: 'same';
  readonly squeeze?: { readonly reduced: number; readonly act: Activation; readonly gate: 'sigmoid' | 'hsigmoid' };
}

/** Expand, depthwise, project, add where the shape stays: Sandler et al. 2018; squeeze-and-excite as in MobileNetV3 and EfficientNet. */
export function invertedResidual(s: SectionBuilder, x: Value, name: string, o: InvertedResidual): Value {
  const { act } = o;
  const depthwise: Omit<ConvOptions, 'out' | 'groups'> = {
    kernel: o.kernel,
    stride: o.stride,
    bn: true,
    act,
    ...(o.pad === undefined ? {} : { pad: o.pad }),
  };
  let y = x;
  if (o.expanded !== channelsOf(x)) y = s.conv(y, `${name}.exp`, { kernel: 1, out: o.expanded, bn: true, act });
  y = s.depthwise(y, `${name}.dw`, depthwise);
  if (o.squeeze !== undefined) y = squeezeExcite(s, y, name, o.squeeze);
  y = s.conv(y, `${name}.proj`, { kernel: 1, out: o.out, bn: true });
  return o.stride === 1 && o.out === channelsOf(x) ? s.add('add', `${name}.add`, [x, y], { act: 'none' }) : y;
}

/** Global average and one matrix product: how classifiers end. */
export function classifier(s: SectionBuilder, x: Value, name: string, classes: number): Value {
  return s.linear(s.add('global-average', 'gap', [x], {}), name, classes, { bias: true });
}
