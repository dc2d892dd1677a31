/** The raw words of one channel over the polls of a block: one value for all, packed bytes, or a list. */
import type { Raw } from '../../core/reading.ts';
import type { CborValue } from './cbor.ts';
import { refuse, toArray } from './fields.ts';

const WIDEST = 8;

export function packRaws(raws: readonly Raw[]): CborValue {
  const first = raws[0];
  if (first === undefined) throw refuse('a column without polls');
  if (first instanceof Uint8Array) return raws;
  if (raws.every((raw) => raw === first)) return first;
  const width = widthOf(raws);
  return width === 0 ? raws : packBytes(raws, width);
}

/** Bytes that the largest needs; 0 when there is something else than integers among them. */
function widthOf(raws: readonly Raw[]): number {
  let largest = 0;
  for (const raw of raws) {
    if (typeof raw === 'bigint') return raw >= 0n && raw < 1n << 64n && raws.every(isInteger) ? WIDEST : 0;
    if (typeof raw !== 'number' || !Number.isSafeInteger(raw) || raw < 0) return 0;
    if (raw > largest) largest = raw;
  }
  let width = 1;
  while (largest >= 256 ** width) width += 1;
  return width;
}

function isInteger(raw: Raw): boolean {
  return typeof raw === 'bigint' || (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0);
}

function packBytes(raws: readonly Raw[], width: number): Uint8Array {
  const packed = new Uint8Array(width * raws.length);
  raws.forEach((raw, at) => {
    if (typeof raw === 'bigint') new DataView(packed.buffer).setBigUint64(WIDEST * at, raw);
    else putNumber(packed, width * at, width, Number(raw));
  });
  return packed;
}

function putNumber(packed: Uint8Array, from: number, width: number, value: number): void {
  let rest = value;
  for (let byte = from + width - 1; byte >= from; byte -= 1) {
    packed[byte] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

export function unpackRaws(value: CborValue | undefined, polls: number): Raw[] {
  if (value instanceof Uint8Array) return unpackBytes(value, polls);
  if (Array.isArray(value)) return toArray(value, 'raw', polls).map(toRawOf);
  return new Array<Raw>(polls).fill(toRawOf(value));
}

function toRawOf(value: CborValue | undefined): Raw {
  if (value === null || value instanceof Uint8Array) return value;
  if ((typeof value === 'number' || typeof value === 'bigint') && value >= 0) return value;
  throw refuse('raw words that are neither unsigned integer, bytes nor null');
}

function unpackBytes(packed: Uint8Array, polls: number): Raw[] {
  const width = packed.length / polls;
  if (!Number.isInteger(width) || width < 1 || width > WIDEST) {
    throw refuse(`${packed.length} bytes of raw words for ${polls} polls`);
  }
  const raws: Raw[] = [];
  for (let at = 0; at < packed.length; at += width) raws.push(integerAt(packed, at, width));
  return raws;
}

function integerAt(bytes: Uint8Array, at: number, width: number): number | bigint {
  let value = 0;
  for (let byte = at; byte < at + width; byte += 1) value = value * 256 + bytes[byte]!;
  if (Number.isSafeInteger(value)) return value;
  let exact = 0n;
  for (let byte = at; byte < at + width; byte += 1) exact = (exact << 8n) | BigInt(bytes[byte]!);
  return exact;
}
