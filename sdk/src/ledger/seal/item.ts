/**
 * An item, the unit of file and wire: CBOR [entry: bstr, body: bstr / null, crc: bstr .size 4], the CRC-32 over
 * entry ‖ body, big-endian. Entry and body are kept byte for byte as they were signed and sent.
 *
 * In a segment file, an item that shared one flush with items before it has a fourth element, `back: uint`: how many
 * bytes before it that flush began; its checksum covers entry ‖ body ‖ the encoded distance. A power cut may keep the later blocks of one flush and lose the earlier ones; with
 * `back` a reader tells such a tail, which nobody was told about, from damage inside what was acknowledged.
 */
import { LimpidError } from '../../core/error.ts';
import { equalBytes, NO_BYTES } from './bytes.ts';
import { encodeCbor, malformed } from './cbor.ts';
import { crc32Bytes } from './crc32.ts';
import { CONTEXT_LIMIT_BYTES } from './entry.ts';

export interface Item {
  entryBytes: Uint8Array;
  body: Uint8Array | null;
}

/** Readings per batch are not limited by the format; this bounds what a broken length can make a reader wait for. */
export const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

/** the byte at which a segment ends before its file does */
export const END_OF_ITEMS = 0x00;

const ARRAY_OF_THREE = 0x83;
const ARRAY_OF_FOUR = 0x84;
const NULL = 0xf6;
const BYTES_OF_FOUR = 0x44;

/** `back` as above; 0 for the first item of a flush and on the wire. */
export function encodeItem(item: Item, back = 0): Uint8Array {
  const { entryBytes, body } = item;
  const crc = crc32Bytes(entryBytes, body ?? NO_BYTES, back === 0 ? NO_BYTES : encodeCbor(back));
  return encodeCbor(back === 0 ? [entryBytes, body, crc] : [entryBytes, body, crc, back]);
}

export interface FramedItem {
  item: Item;
  back: number;
  end: number;
  /** whether the checksum fits */
  intact: boolean;
}

/**
 * The item that begins at `start`, and where it ends; 'incomplete' when the window ends first. Throws CBOR_MALFORMED
 * with the offset in the window for everything else, a wrong checksum included.
 */
export function parseItem(window: Uint8Array, start = 0): FramedItem | 'incomplete' {
  const framed = frameItem(window, start);
  if (framed !== 'incomplete' && !framed.intact) throw malformed(start, 'the checksum does not fit the bytes');
  return framed;
}

/** The same without judging the checksum: what a damaged item still shows. */
export function frameItem(window: Uint8Array, start = 0): FramedItem | 'incomplete' {
  if (start >= window.length) return 'incomplete';
  const initial = window[start];
  if (initial !== ARRAY_OF_THREE && initial !== ARRAY_OF_FOUR) throw malformed(start, 'no item begins here');
  const entry = byteString(window, start + 1, CONTEXT_LIMIT_BYTES);
  if (entry === 'incomplete') return entry;
  const body = entry.end < window.length ? bodyOf(window, entry.end) : 'incomplete';
  if (body === 'incomplete') return body;
  if (body.end < window.length && window[body.end] !== BYTES_OF_FOUR) throw malformed(body.end, 'no checksum here');
  if (body.end + 5 > window.length) return 'incomplete';
  const back = initial === ARRAY_OF_FOUR ? backOf(window, body.end + 5) : { value: 0, end: body.end + 5 };
  if (back === 'incomplete') return back;
  const crc = crc32Bytes(entry.bytes, body.bytes ?? NO_BYTES, window.subarray(body.end + 5, back.end));
  return {
    item: { entryBytes: entry.bytes.slice(), body: body.bytes?.slice() ?? null },
    back: back.value,
    end: back.end,
    intact: equalBytes(window.subarray(body.end + 1, body.end + 5), crc),
  };
}

/** An unsigned integer of at most 32 bits in its shortest form. */
function backOf(window: Uint8Array, start: number): { value: number; end: number } | 'incomplete' {
  const initial = window[start];
  if (initial === undefined) return 'incomplete';
  if (initial > 0x1a) throw malformed(start, 'no distance here');
  const width = initial < 0x18 ? 0 : 1 << (initial - 0x18);
  const end = start + 1 + width;
  if (end > window.length) return 'incomplete';
  let value = width === 0 ? initial : 0;
  for (let at = start + 1; at < end; at += 1) value = value * 256 + window[at]!;
  if (value < (SMALLEST_OF_WIDTH[width] ?? 1)) throw malformed(start, 'a distance that is not shortest');
  return { value, end };
}

const SMALLEST_OF_WIDTH: Record<number, number> = { 1: 24, 2: 0x100, 4: 0x10000 };

/** The only item of a message. */
export function parseWholeItem(bytes: Uint8Array): Item {
  const parsed = parseItem(bytes);
  if (parsed === 'incomplete') throw malformed(bytes.length, 'it ends inside an item');
  if (parsed.end !== bytes.length) throw malformed(parsed.end, 'bytes after the item');
  if (parsed.back !== 0) throw malformed(parsed.end, 'a distance, which only segments have');
  return parsed.item;
}

type Part<T> = { bytes: T; end: number };

function bodyOf(window: Uint8Array, start: number): Part<Uint8Array | null> | 'incomplete' {
  if (window[start] === NULL) return { bytes: null, end: start + 1 };
  return byteString(window, start, BODY_LIMIT_BYTES);
}

/** A byte string with the shortest length. */
function byteString(window: Uint8Array, start: number, limit: number): Part<Uint8Array> | 'incomplete' {
  const initial = window[start];
  if (initial === undefined) return 'incomplete';
  if (initial < 0x40 || initial > 0x5a) throw malformed(start, 'no byte string here');
  const width = initial < 0x58 ? 0 : 1 << (initial - 0x58);
  const from = start + 1 + width;
  if (from > window.length) return 'incomplete';
  let length = width === 0 ? initial - 0x40 : 0;
  for (let at = start + 1; at < from; at += 1) length = length * 256 + window[at]!;
  if (width > 0 && length < (width === 1 ? 24 : 2 ** (4 * width)))
    throw malformed(start, 'a length that is not shortest');
  if (length > limit) throw malformed(start, `a byte string of ${length} bytes`);
  if (from + length > window.length) return 'incomplete';
  return { bytes: window.subarray(from, from + length), end: from + length };
}

export function isMalformed(fault: unknown): fault is LimpidError {
  return fault instanceof LimpidError && (fault.code === 'CBOR_MALFORMED' || fault.code === 'ENTRY_MALFORMED');
}
