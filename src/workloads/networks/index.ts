/** Every network of the zoo, in the order in which it is listed. */
import type { ZooEntry } from '../entry.ts';
import { decoders } from './decoders.ts';
import { efficientnetB0, efficientnetLite0 } from './efficientnet.ts';
import { encoders } from './encoders.ts';
import { dcgan, espcn, fsrcnn, unet, zeroDce } from './enhance.ts';
import { mlperfTiny } from './mlperf-tiny.ts';
import { mobilefacenet, mobilenetV1, mobilenetV2, mobilenetV2Wide, mobilenetV3Small } from './mobilenet.ts';
import { mobilenext, mobilenextHalf } from './mobilenext.ts';
import { alexnet, alexnetOriginal, alphago, dqn, vgg16 } from './plain.ts';
import { recurrent } from './recurrent.ts';
import { resnet18, resnet50, resnet50Cameras, resnet50v1 } from './resnet.ts';
import { densenet100, mixnetS } from './riair.ts';
import { yoloFastest, yolov3Tiny } from './yolo.ts';

export const ZOO: readonly ZooEntry[] = [
  resnet18,
  resnet50,
  resnet50v1,
  ...resnet50Cameras,
  vgg16,
  alexnet,
  alexnetOriginal,
  mobilenetV1,
  mobilenetV2,
  mobilenetV2Wide,
  mobilenetV3Small,
  mobilenext,
  mobilenextHalf,
  efficientnetB0,
  efficientnetLite0,
  mobilefacenet,
  yolov3Tiny,
  yoloFastest,
  unet,
  espcn,
  fsrcnn,
  zeroDce,
  dcgan,
  dqn,
  alphago,
  ...mlperfTiny,
  mixnetS,
  densenet100,
  ...encoders,
  ...decoders,
  ...recurrent,
];
