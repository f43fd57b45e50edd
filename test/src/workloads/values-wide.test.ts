/** Wider networks, on small images: half a shortcut, one pixel that becomes an image. */
import { it } from 'vitest';
import { expectSameValues } from './values-rig.ts';

it('mobilenext-half-w4a8', () => expectSameValues('mobilenext-half-w4a8', [3, 16, 16]), 60_000);
it('dcgan-w4a4', () => expectSameValues('dcgan-w4a4'), 60_000);
