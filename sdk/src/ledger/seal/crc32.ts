/** CRC-32 of IEEE 802.3 (reflected polynomial EDB88320), four bytes a step. It finds accidents, never intent. */
const TABLES = buildTables();

/** `crc` continues an earlier result, so that several pieces need not be joined. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3] = TABLES;
  let rest = ~crc;
  let at = 0;
  for (const end = bytes.length - 3; at < end; at += 4) {
    rest ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    rest = t3[rest & 0xff]! ^ t2[(rest >>> 8) & 0xff]! ^ t1[(rest >>> 16) & 0xff]! ^ t0[rest >>> 24]!;
  }
  for (; at < bytes.length; at += 1) rest = t0[(rest ^ bytes[at]!) & 0xff]! ^ (rest >>> 8);
  return ~rest >>> 0;
}

/** big-endian, as it stands in items */
export function crc32Bytes(...pieces: Uint8Array[]): Uint8Array {
  const crc = pieces.reduce((sum, piece) => crc32(piece, sum), 0);
  return Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc);
}

function buildTables(): [Int32Array, Int32Array, Int32Array, Int32Array] {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    first[byte] = crc;
  }
  const shift = (table: Int32Array) => table.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!);
  const second = shift(first);
  const third = shift(second);
  return [first, second, third, shift(third)];
}
