/** Whether bytes are a TensorFlow Lite file, without what it takes to read one. */

/** Whether the bytes say that they are TensorFlow Lite: the file identifier TFL3. */
export function isTflite(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && [0x54, 0x46, 0x4c, 0x33].every((b, i) => bytes[4 + i] === b);
}
