import { toNumberWhenSafe } from './decimal.ts';
import { LimpidError } from './error.ts';
import type { DataType, Raw, WordOrder } from './reading.ts';

/**
 * Registers ↔ values. A register is one 16-bit word whose high byte travels first.
 *
 * The order names how the bytes of 0xAABBCCDD travel. It generalises to any length: CDAB reverses the words, BADC swaps
 * the bytes of each word, DCBA does both. Text and times of day have no highest word, so they are never reversed, but
 * their bytes are swapped. A type of one word has only its byte swap.
 *
 * Decoding runs once per value and scan: it allocates only for text.
 */

/** The number of registers that a type takes; null where the profile says how many (bcd, string, bits). */
export function wordsOfType(type: DataType): number | null {
  return WORDS[type];
}

const WORDS: Record<DataType, number | null> = {
  u16: 1,
  i16: 1,
  u32: 2,
  i32: 2,
  u64: 4,
  i64: 4,
  f32: 2,
  f64: 4,
  bcd: null,
  string: null,
  bits: null,
  u8hi: 1,
  u8lo: 1,
  time: 3,
};

/** BCD and bit sets of more words would not be an integer of 64 bits. */
const MOST_INTEGER_WORDS = 4;

const LARGEST_SAFE_HIGH = 0x1fffff;

const ieee = new DataView(new ArrayBuffer(8));
const utf8 = { decode: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }), encode: new TextEncoder() };

/**
 * The value that registers hold, unscaled; null when they hold none: a digit above 9 in BCD, bytes that are not UTF-8, a
 * time that no calendar has, a number of words that the type does not have. A float's NaN stays NaN. Integers beyond
 * 2^53 are BigInt. `time` is three words of BCD bytes YY MM DD hh mm ss, given as seconds since 1970 as though the
 * device's wall time were UTC: only the site knows its zone.
 */
export function decodeWords(words: Uint16Array, type: DataType, order: WordOrder): number | bigint | string | null {
  const fixed = WORDS[type];
  if (words.length === 0 || (fixed !== null && words.length !== fixed)) return null;
  switch (type) {
    case 'u16':
      return word(words, 0, order);
    case 'i16':
      return (word(words, 0, order) << 16) >> 16;
    case 'u8hi':
      return word(words, 0, order) >> 8;
    case 'u8lo':
      return word(words, 0, order) & 0xff;
    case 'u32':
      return pair(words, 0, order);
    case 'i32':
      return pair(words, 0, order) | 0;
    case 'f32':
      ieee.setUint32(0, pair(words, 0, order));
      return ieee.getFloat32(0);
    case 'f64':
      ieee.setUint32(0, pair(words, 0, order));
      ieee.setUint32(4, pair(words, 2, order));
      return ieee.getFloat64(0);
    case 'u64':
      return joinUnsigned(pair(words, 0, order), pair(words, 2, order));
    case 'i64':
      return joinSigned(pair(words, 0, order), pair(words, 2, order));
    case 'bits':
      return words.length > MOST_INTEGER_WORDS ? null : unsigned(words, order);
    case 'bcd':
      return words.length > MOST_INTEGER_WORDS ? null : decodeBcd(words, order);
    case 'string':
      return decodeText(words, order);
    case 'time':
      return decodeTime(words, order);
  }
}

/** The inverse of `decodeWords`, for devices. Throws REQUEST_INVALID when the value does not fit the type. */
export function encodeWords(
  value: number | bigint | string,
  type: DataType,
  order: WordOrder,
  words: number,
): Uint16Array {
  const fixed = WORDS[type];
  if (!Number.isInteger(words) || words < 1 || (fixed !== null && words !== fixed)) {
    throw unfit(`${type} does not take ${words} registers`);
  }
  if (type === 'string') return encodeText(value, order, words);
  if (typeof value === 'string') throw unfit(`"${value}" is text, not ${type}`);
  if (type === 'f32' || type === 'f64') return splitInto(words, ieeeBits(Number(value), type), order);
  return splitInto(words, integerBits(value, type, words), type === 'time' ? inReadingOrder(order) : order);
}

/** The words as the ledger keeps them: what travelled, whatever it means. */
export function toRaw(words: Uint16Array): Exclude<Raw, null> {
  return words.length > 0 && words.length <= MOST_INTEGER_WORDS ? unsigned(words, 'ABCD') : bytesOf(words);
}

/** The inverse of `toRaw`. Throws REQUEST_INVALID when `raw` is not what so many words would give. */
export function rawToWords(raw: Exclude<Raw, null>, words: number): Uint16Array {
  if (raw instanceof Uint8Array) {
    if (raw.length !== words * 2 || (words > 0 && words <= MOST_INTEGER_WORDS)) {
      throw unfit(`${raw.length} raw bytes are not ${words} registers`);
    }
    return Uint16Array.from({ length: words }, (_, k) => (raw[2 * k]! << 8) | raw[2 * k + 1]!);
  }
  if (words === 1 && typeof raw === 'number' && Number.isInteger(raw) && raw >= 0 && raw <= 0xffff) {
    return Uint16Array.of(raw);
  }
  if (words < 1 || words > MOST_INTEGER_WORDS || (typeof raw === 'number' && !Number.isSafeInteger(raw))) {
    throw unfit(`raw ${raw} is not ${words} registers`);
  }
  const bits = BigInt(raw);
  if (bits < 0n || bits >> BigInt(16 * words) !== 0n) throw unfit(`raw ${raw} is not ${words} registers`);
  return splitInto(words, bits, 'ABCD');
}

/** The k-th word from the top of the value. */
function word(words: Uint16Array, k: number, order: WordOrder): number {
  const at = order === 'ABCD' || order === 'BADC' ? k : words.length - 1 - k;
  const value = words[at]!;
  return order === 'ABCD' || order === 'CDAB' ? value : swapBytes(value);
}

function pair(words: Uint16Array, k: number, order: WordOrder): number {
  return ((word(words, k, order) << 16) | word(words, k + 1, order)) >>> 0;
}

function swapBytes(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}

function unsigned(words: Uint16Array, order: WordOrder): number | bigint {
  const { length } = words;
  if (length === 1) return word(words, 0, order);
  if (length === 2) return pair(words, 0, order);
  if (length === 3) return word(words, 0, order) * 2 ** 32 + pair(words, 1, order);
  return joinUnsigned(pair(words, 0, order), pair(words, 2, order));
}

function joinUnsigned(high: number, low: number): number | bigint {
  return high <= LARGEST_SAFE_HIGH ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low);
}

function joinSigned(high: number, low: number): number | bigint {
  const signedHigh = high | 0;
  if (signedHigh >= -LARGEST_SAFE_HIGH && signedHigh <= LARGEST_SAFE_HIGH) return signedHigh * 2 ** 32 + low;
  return toNumberWhenSafe((BigInt(signedHigh) << 32n) | BigInt(low));
}

function decodeBcd(words: Uint16Array, order: WordOrder): number | bigint | null {
  let high = 0;
  for (let k = 0; k < words.length; k += 1) {
    const digits = bcdDigits(word(words, k, order));
    if (digits < 0) return null;
    // Sixteen digits may pass 2^53: the last four are joined in BigInt then.
    if (k === 3 && high > 900_719_925_473) return toNumberWhenSafe(BigInt(high) * 10_000n + BigInt(digits));
    high = high * 10_000 + digits;
  }
  return high;
}

/** Four BCD digits as a number, −1 when one of them is not a digit. */
function bcdDigits(value: number): number {
  const a = value >> 12;
  const b = (value >> 8) & 15;
  const c = (value >> 4) & 15;
  const d = value & 15;
  return a > 9 || b > 9 || c > 9 || d > 9 ? -1 : a * 1000 + b * 100 + c * 10 + d;
}

function decodeText(words: Uint16Array, order: WordOrder): string | null {
  const bytes = bytesOf(words, inReadingOrder(order) === 'BADC');
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === 0x20)) end -= 1;
  try {
    return utf8.decode.decode(bytes.subarray(0, end));
  } catch {
    // The only fault a fatal decoder has: bytes that are not UTF-8.
    return null;
  }
}

/** Text and times keep their words in place: only the bytes within a word may be swapped. */
function inReadingOrder(order: WordOrder): 'ABCD' | 'BADC' {
  return order === 'BADC' || order === 'DCBA' ? 'BADC' : 'ABCD';
}

function decodeTime(words: Uint16Array, order: WordOrder): number | null {
  const reading = inReadingOrder(order);
  const date = bcdDigits(word(words, 0, reading));
  const dayHour = bcdDigits(word(words, 1, reading));
  const minuteSecond = bcdDigits(word(words, 2, reading));
  if (date < 0 || dayHour < 0 || minuteSecond < 0) return null;
  const [year, month] = [2000 + Math.floor(date / 100), date % 100];
  const [day, hour] = [Math.floor(dayHour / 100), dayHour % 100];
  const [minute, second] = [Math.floor(minuteSecond / 100), minuteSecond % 100];
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return null;
  if (day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

function bytesOf(words: Uint16Array, swapped = false): Uint8Array {
  const bytes = new Uint8Array(words.length * 2);
  for (let k = 0; k < words.length; k += 1) {
    const value = swapped ? swapBytes(words[k]!) : words[k]!;
    bytes[2 * k] = value >> 8;
    bytes[2 * k + 1] = value & 0xff;
  }
  return bytes;
}

function encodeText(value: number | bigint | string, order: WordOrder, words: number): Uint16Array {
  const bytes = utf8.encode.encode(String(value));
  if (bytes.length > words * 2) throw unfit(`"${value}" is longer than ${words} registers`);
  const swapped = inReadingOrder(order) === 'BADC';
  return Uint16Array.from({ length: words }, (_, k) => {
    const each = ((bytes[2 * k] ?? 0) << 8) | (bytes[2 * k + 1] ?? 0);
    return swapped ? swapBytes(each) : each;
  });
}

function ieeeBits(value: number, type: 'f32' | 'f64'): bigint {
  if (type === 'f64') {
    ieee.setFloat64(0, value);
    return ieee.getBigUint64(0);
  }
  ieee.setFloat32(0, value);
  if (Number.isFinite(value) && !Number.isFinite(ieee.getFloat32(0))) throw unfit(`${value} does not fit f32`);
  return BigInt(ieee.getUint32(0));
}

function integerBits(value: number | bigint, type: DataType, words: number): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw unfit(`${value} is not an exact integer`);
  const integer = BigInt(value);
  switch (type) {
    case 'bcd':
      return bcdBits(integer, words * 4);
    case 'time':
      return timeBits(Number(integer));
    case 'u8hi':
      return within(integer, 0n, 0xffn, type) << 8n;
    case 'u8lo':
      return within(integer, 0n, 0xffn, type);
    case 'i16':
    case 'i32':
    case 'i64': {
      const half = 1n << BigInt(16 * words - 1);
      return BigInt.asUintN(16 * words, within(integer, -half, half - 1n, type));
    }
    default:
      if (words > MOST_INTEGER_WORDS) throw unfit(`${type} does not take ${words} registers`);
      return within(integer, 0n, (1n << BigInt(16 * words)) - 1n, type);
  }
}

function bcdBits(value: bigint, digits: number): bigint {
  if (digits > 4 * MOST_INTEGER_WORDS) throw unfit(`bcd does not take ${digits / 4} registers`);
  return BigInt(`0x${within(value, 0n, 10n ** BigInt(digits) - 1n, 'bcd')}`);
}

function timeBits(epochS: number): bigint {
  const date = new Date(epochS * 1000);
  if (!(date.getUTCFullYear() >= 2000 && date.getUTCFullYear() <= 2099))
    throw unfit(`${epochS} s is not in 2000..2099`);
  return BigInt(`0x${date.toISOString().replace(/\D/g, '').slice(2, 14)}`);
}

function within(value: bigint, low: bigint, high: bigint, type: DataType): bigint {
  if (value < low || value > high) throw unfit(`${value} does not fit ${type}`);
  return value;
}

function splitInto(count: number, bits: bigint, order: WordOrder): Uint16Array {
  const reversed = order === 'CDAB' || order === 'DCBA';
  const swapped = order === 'BADC' || order === 'DCBA';
  return Uint16Array.from({ length: count }, (_, k) => {
    const fromTop = reversed ? count - 1 - k : k;
    const each = Number((bits >> BigInt(16 * (count - 1 - fromTop))) & 0xffffn);
    return swapped ? swapBytes(each) : each;
  });
}

function unfit(detail: string): LimpidError {
  return new LimpidError('REQUEST_INVALID', { detail });
}
