/** The reference kernels of LOGISTIC and TANH of 16-bit codes, in unsigned 32-bit arithmetic. */

/** sigmoid(i / 24) at 0.16 as TensorFlow Lite's sources list it (sigmoid_table_uint16): not everywhere the rounded value. */
const SIGMOIDS = (
  '32768 33451 34133 34813 35493 36169 36843 37513 38180 38841 39498 40149 40794 41432 42064 42688 43304 43912 44511 45102 ' +
  '45683 46255 46817 47369 47911 48443 48964 49475 49975 50464 50942 51409 51865 52311 52745 53169 53581 53983 54374 54755 ' +
  '55125 55485 55834 56174 56503 56823 57133 57433 57724 58007 58280 58544 58800 59048 59288 59519 59743 59959 60168 60370 ' +
  '60565 60753 60935 61110 61279 61441 61599 61750 61896 62036 62172 62302 62428 62549 62666 62778 62886 62990 63090 63186 ' +
  '63279 63368 63454 63536 63615 63691 63765 63835 63903 63968 64030 64090 64148 64204 64257 64308 64357 64405 64450 64494 ' +
  '64536 64576 64614 64652 64687 64721 64754 64786 64816 64845 64873 64900 64926 64950 64974 64997 65019 65039 65060 65079 ' +
  '65097 65115 65132 65149 65164 65179 65194 65208 65221 65234 65246 65258 65269 65280 65291 65301 65310 65319 65328 65337 ' +
  '65345 65352 65360 65367 65374 65381 65387 65393 65399 65404 65410 65415 65420 65425 65429 65433 65438 65442 65445 65449 ' +
  '65453 65456 65459 65462 65465 65468 65471 65474 65476 65479 65481 65483 65485 65488 65489 65491 65493 65495 65497 65498 ' +
  '65500 65501 65503 65504 65505 65507 65508 65509 65510 65511 65512 65513 65514 65515 65516 65517 65517 65518 65519 65520 ' +
  '65520 65521 65522 65522 65523 65523 65524 65524 65525 65525 65526 65526 65526 65527 65527 65528 65528 65528 65529 65529 ' +
  '65529 65529 65530 65530 65530 65530 65531 65531 65531 65531 65531 65532 65532 65532 65532 65532 65532 65533 65533 65533 ' +
  '65533 65533 65533 65533 65533 65534 65534 65534 65534 65534 65534 65534 65534 65534 65534 65535'
)
  .split(' ')
  .map(Number);

/** `tanh` has one fraction bit less in its steps. */
export function wordCurve(scale: number, tanh: boolean): (code: number) => number {
  const log2 = Math.log2(scale);
  const left = 12 + Math.round(log2);
  const power = Math.abs(log2 - Math.round(log2)) < 1e-3 && (left === 0 || (tanh && left === 1));
  let multiplier = 3n << BigInt(Math.max(0, left) * (power ? 1 : 0));
  let shift = 0n;
  if (!power) {
    let real = scale * 4096 * 3;
    for (; real <= 32767 / 2 && shift <= 30n; shift++) real *= 2;
    multiplier = BigInt(Math.trunc(real));
  }
  return wordLine(multiplier, shift, tanh);
}

/** The same of an argument that is a multiple of the code. */
export function wordLine(multiplier: bigint, shift: bigint, tanh: boolean): (code: number) => number {
  const bits = tanh ? 8n : 9n;
  return (code) => {
    const x = (BigInt(code) * multiplier + (shift > 0n ? 1n << (shift - 1n) : 0n)) >> shift;
    const size = x < 0n ? -x : x;
    const at = size >> bits;
    const a = BigInt(SIGMOIDS[Number(at < 255n ? at : 254n)]!);
    const b = BigInt(SIGMOIDS[Number(at < 255n ? at : 254n) + 1]!);
    const inside = (a << bits) + (size & ((1n << bits) - 1n)) * (b - a);
    if (tanh) {
      const value = at >= 255n ? 0xffffn << 8n : inside;
      return Number((x >= 0n ? value - (1n << 23n) + 128n : -value + (1n << 23n) + 127n) >> 8n);
    }
    const value = at >= 255n ? 0x7fffn << 10n : inside;
    return Number((x >= 0n ? value + 512n : (1n << 25n) - value + 511n) >> 10n);
  };
}
