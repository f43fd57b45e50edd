/**
 * The fixed references. They are the unit of the published ratios: changing one makes older figures worthless, so give a new one a new
 * name instead. Plain loops without anything of ours, each near in kind to what it is held against.
 */
import type { Subject } from './benchmark.ts';
import { inProcess } from './measure.ts';

const STEPS = 1_000_000;

/** A chain of integer multiply-adds; units are millions of steps. */
export function integerSteps(): Subject {
  let x = 1;
  return inProcess('million integer steps', 'x = imul(x, 1664525) + 1013904223', () => {
    for (let i = 0; i < STEPS; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
    return x === 0.5 ? 0 : 1;
  });
}

const HEAP_SIZE = 1024;
const HEAP_TURNS = 50_000;

/** The least that an event costs: take the earliest of 1,024 times from a binary heap, put a later one in. */
export function heapTurns(): Subject {
  const times = Float64Array.from({ length: HEAP_SIZE }, (_, i) => i);
  let x = 1;
  return inProcess('heap turn', `pop and push on a binary heap of ${HEAP_SIZE} doubles`, () => {
    for (let i = 0; i < HEAP_TURNS; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) | 0;
      replaceFirst(times, times[0]! + 1 + (x >>> 22));
    }
    return HEAP_TURNS;
  });
}

/** Replaces the smallest by a value that is not smaller. */
function replaceFirst(times: Float64Array, time: number): void {
  let i = 0;
  for (let child = 1; child < times.length; child = 2 * i + 1) {
    if (child + 1 < times.length && times[child + 1]! < times[child]!) child += 1;
    if (times[child]! >= time) break;
    times[i] = times[child]!;
    i = child;
  }
  times[i] = time;
}

const SIDE = 96;

/** Matrix product of 8-bit codes as one would write it first: three loops, rows times rows. */
export function naiveMacs(): Subject {
  const a = Int8Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 7) % 16) - 8);
  const b = Int8Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 5) % 16) - 8);
  const c = new Int32Array(SIDE * SIDE);
  return inProcess('naive MAC', `three loops over ${SIDE}x${SIDE} 8-bit codes`, () => {
    for (let i = 0; i < SIDE; i++) {
      for (let j = 0; j < SIDE; j++) {
        let sum = 0;
        for (let k = 0; k < SIDE; k++) sum += a[i * SIDE + k]! * b[j * SIDE + k]!;
        c[i * SIDE + j] = sum;
      }
    }
    return SIDE ** 3;
  });
}

const COPIED = 65_536;

/** 32-bit words through a DataView, little end first. */
export function copiedWords(): Subject {
  const from = new DataView(new ArrayBuffer(COPIED * 4));
  const to = new DataView(new ArrayBuffer(COPIED * 4));
  return inProcess('copied word', 'one 32-bit word read and written by DataView', () => {
    for (let i = 0; i < COPIED * 4; i += 4) to.setUint32(i, from.getUint32(i, true) + 1, true);
    return COPIED;
  });
}
