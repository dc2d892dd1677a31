/**
 * Deterministic CBOR (RFC 8949 §4.2.1) without floats and tags: shortest integers, definite lengths, map keys in the
 * bytewise order of their encoding, none twice, valid UTF-8. One value has one encoding and one encoding one value, so
 * whatever this reader accepts encodes again to the same bytes. The reader is our own, because evidence must not depend
 * on what a tolerant decoder lets through: cbor-x takes long-form integers, indefinite lengths, double keys and bad
 * UTF-8.
 */
import { Encoder } from 'cbor-x/encode';
import { LimpidError } from '../../core/error.ts';
import { compareBytes } from './bytes.ts';

export type CborValue = number | bigint | string | boolean | null | Uint8Array | readonly CborValue[] | CborMap;
/** Keys are integers or text; the order of insertion does not matter. */
export type CborMap = ReadonlyMap<number | bigint | string, CborValue>;

export interface CborLimits {
  /** greatest nesting of arrays and maps */
  depth: number;
  /** greatest number of bytes of one item */
  sizeBytes: number;
}

/** Far above any body; a bound for what comes from the network. */
export const CBOR_LIMITS: CborLimits = { depth: 16, sizeBytes: 64 * 1024 * 1024 };

/** Integers are those of 64 bits, signed or unsigned: every language has them, and cbor-x writes lower ones as tags. */
const LARGEST_INTEGER = 2n ** 64n - 1n;
const SMALLEST_INTEGER = -(2n ** 63n);

/** cbor-x writes a JS number outside 32 bits as a float: those go in as BigInt, and only those. */
const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false, mapsAsObjects: false });

/** Throws ENTRY_MALFORMED for what the format cannot say: floats, −0, undefined, lone surrogates, integers over 64 bits. */
export function encodeCbor(value: CborValue): Uint8Array {
  // `encode` returns a view of one big buffer that the next call writes over: copy.
  return new Uint8Array(encoder.encode(prepare(value, 0)));
}

function prepare(value: CborValue, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw unfit(`${value} is not an integer`);
      return value > 0xffffffff || value < -0x100000000 ? BigInt(value) : value;
    case 'bigint':
      if (value > LARGEST_INTEGER || value < SMALLEST_INTEGER) throw unfit(`${value} has more than 64 bits`);
      // As a number where the encoder then finds the shortest form.
      return value <= 0xffffffffn && value >= -0x100000000n ? Number(value) : value;
    case 'string':
      if (LONE_SURROGATE.test(value)) throw unfit('text with half a surrogate pair');
      return value;
    case 'boolean':
      return value;
    case 'object':
      return value === null || value instanceof Uint8Array ? value : prepareNested(value, depth + 1);
    default:
      throw unfit(`a value of type ${typeof value}`);
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function prepareNested(value: readonly CborValue[] | CborMap, depth: number): unknown {
  if (depth > CBOR_LIMITS.depth) throw unfit('nested too deep');
  if (value instanceof Map) return prepareMap(value, depth);
  if (!Array.isArray(value)) throw unfit('an object that is neither array, map nor bytes');
  return value.map((element) => prepare(element, depth));
}

function prepareMap(map: CborMap, depth: number): Map<unknown, unknown> {
  const entries = [...map].map(([key, value]) => ({ bytes: encodeCbor(key), key: prepare(key, depth), value }));
  entries.sort((a, b) => compareBytes(a.bytes, b.bytes));
  const sorted = new Map<unknown, unknown>();
  for (const { key, value } of entries) {
    // 1 and 1n are two keys of a JS map and one key of a CBOR map
    if (sorted.has(key)) throw unfit(`the key ${String(key)} twice`);
    sorted.set(key, prepare(value, depth));
  }
  return sorted;
}

function unfit(detail: string): LimpidError {
  return new LimpidError('ENTRY_MALFORMED', { detail: `it cannot say ${detail}` });
}

/** The one item that the bytes are. Throws CBOR_MALFORMED with the offset of the fault. */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = CBOR_LIMITS): CborValue {
  const { value, end } = decodeCborItem(bytes, 0, limits);
  if (end !== bytes.length) throw malformed(end, 'bytes after the item');
  return value;
}

/** One item of a CBOR sequence (RFC 8742) that begins at `start`, and where it ends. */
export function decodeCborItem(
  bytes: Uint8Array,
  start: number,
  limits: CborLimits = CBOR_LIMITS,
): { value: CborValue; end: number } {
  const reader = new Reader(bytes, start, limits);
  return { value: reader.item(0), end: reader.at };
}

export function malformed(offset: number, detail: string): LimpidError {
  return new LimpidError('CBOR_MALFORMED', { offset, detail });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Reader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #limits: CborLimits;
  /** end of what may be read: of the bytes or of the allowance */
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, limits: CborLimits) {
    this.#bytes = bytes;
    this.at = start;
    this.#limits = limits;
    this.#end = Math.min(bytes.length, start + limits.sizeBytes);
  }

  item(depth: number): CborValue {
    const start = this.at;
    const initial = this.#byte();
    const major = initial >> 5;
    if (major === 7) return simple(initial, start);
    const argument = this.#argument(initial & 0x1f, start);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return this.#negative(argument, start);
      case 2:
        return this.#take(argument, start).slice();
      case 3:
        return this.#text(argument, start);
      case 4:
        return this.#array(this.#count(argument, start, 1), depth + 1, start);
      case 5:
        return this.#map(this.#count(argument, start, 2), depth + 1, start);
      default:
        throw malformed(start, 'a tag');
    }
  }

  #negative(argument: number | bigint, start: number): number | bigint {
    if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
    const value = -1n - BigInt(argument);
    if (value < SMALLEST_INTEGER) throw malformed(start, 'an integer of more than 64 bits');
    return value;
  }

  #byte(): number {
    if (this.at >= this.#end) throw malformed(this.at, 'it ends inside an item');
    return this.#bytes[this.at++]!;
  }

  #argument(info: number, start: number): number | bigint {
    if (info < 24) return info;
    if (info > 27) throw malformed(start, info === 31 ? 'an indefinite length' : 'a reserved length');
    const width = 1 << (info - 24);
    if (this.#end - this.at < width) throw malformed(start, 'it ends inside an item');
    let high = 0;
    let low = 0;
    for (let index = 0; index < width; index += 1) {
      if (index < width - 4) high = high * 256 + this.#bytes[this.at++]!;
      else low = low * 256 + this.#bytes[this.at++]!;
    }
    if (width === 8 ? high === 0 : low < SHORTEST[width]!) throw malformed(start, 'an integer that is not shortest');
    if (high > 0x1fffff) return (BigInt(high) << 32n) | BigInt(low);
    return high * 0x100000000 + low;
  }

  #take(length: number | bigint, start: number): Uint8Array {
    if (typeof length === 'bigint' || length > this.#end - this.at) throw malformed(start, 'it ends inside an item');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #text(length: number | bigint, start: number): string {
    const bytes = this.#take(length, start);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw new LimpidError('CBOR_MALFORMED', { offset: start, detail: 'text that is not UTF-8' }, { cause });
    }
  }

  /** Elements that the rest cannot hold are refused before any of them is allocated. */
  #count(count: number | bigint, start: number, bytesEach: number): number {
    if (typeof count === 'bigint' || count * bytesEach > this.#end - this.at) {
      throw malformed(start, 'it ends inside an item');
    }
    return count;
  }

  #enter(depth: number, start: number): void {
    if (depth > this.#limits.depth) throw malformed(start, 'nested too deep');
  }

  #array(count: number, depth: number, start: number): CborValue[] {
    this.#enter(depth, start);
    const elements: CborValue[] = [];
    for (let index = 0; index < count; index += 1) elements.push(this.item(depth));
    return elements;
  }

  #map(count: number, depth: number, start: number): CborMap {
    this.#enter(depth, start);
    const map = new Map<number | bigint | string, CborValue>();
    let before: Uint8Array | undefined;
    for (let index = 0; index < count; index += 1) {
      const keyStart = this.at;
      const key = this.item(depth);
      if (typeof key !== 'number' && typeof key !== 'bigint' && typeof key !== 'string') {
        throw malformed(keyStart, 'a map key that is neither integer nor text');
      }
      const keyBytes = this.#bytes.subarray(keyStart, this.at);
      if (before !== undefined && compareBytes(before, keyBytes) >= 0) {
        throw malformed(keyStart, 'map keys out of order or twice');
      }
      before = keyBytes;
      map.set(key, this.item(depth));
    }
    return map;
  }
}

/** The smallest argument that needs so many bytes. */
const SHORTEST: Record<number, number> = { 1: 24, 2: 0x100, 4: 0x10000 };

function simple(initial: number, start: number): CborValue {
  if (initial === 0xf4) return false;
  if (initial === 0xf5) return true;
  if (initial === 0xf6) return null;
  if (initial >= 0xf9 && initial <= 0xfb) throw malformed(start, 'a float');
  throw malformed(start, 'a simple value other than false, true and null');
}
