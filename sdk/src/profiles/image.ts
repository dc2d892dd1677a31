import { LimpidError } from '../core/error.ts';
import type { DataType, WordOrder } from '../core/reading.ts';
import { decodeWords, encodeWords } from '../core/words.ts';
import type { ReadFunction } from '../modbus/line.ts';
import { scaleOf } from './field-scale.ts';
import { functionOf, wordsOf } from './field-words.ts';
import type { Profile, ProfileField } from './schema.ts';

/** Exception "illegal data address": what a device answers outside its documented registers. */
const ILLEGAL_ADDRESS = 2;

/**
 * The registers of a device, written by field name: the other end of `bindProfile`, so that a simulator and the poller
 * read the same profile. Registers inside documented blocks that no field names are 0.
 */
export interface ProfileImage {
  /** writes a value in the unit of the field; text for strings. Throws REQUEST_INVALID when it does not fit. */
  set(field: string, value: number | bigint | string): void;
  /** writes words as they shall travel, whatever they mean */
  setWords(field: string, words: Uint16Array): void;
  /** the words of a field as they stand */
  words(field: string): Uint16Array;
  /** what a master that knows the profile reads: unscaled content of the field */
  content(field: string): number | bigint | string | null;
  /** the answer to a request: words, or the number of the exception */
  read(fn: ReadFunction, address: number, count: number): Uint16Array | number;
}

interface Place {
  fn: ReadFunction;
  address: number;
  count: number;
  type: DataType;
  order: WordOrder;
  field: ProfileField;
}

export function profileImage(profile: Profile): ProfileImage {
  const registers = new Map<ReadFunction, Map<number, number>>();
  const bank = (fn: ReadFunction) => {
    const known = registers.get(fn) ?? new Map<number, number>();
    registers.set(fn, known);
    return known;
  };
  const places = new Map(Object.entries(profile.fields).map(([name, field]) => [name, toPlace(profile, field)]));
  for (const { fn, address, count } of documented(profile, places.values())) {
    for (let k = 0; k < count; k += 1) bank(fn).set(address + k, 0);
  }
  const find = (name: string): Place => {
    const place = places.get(name);
    if (place === undefined) throw new LimpidError('REQUEST_INVALID', { detail: `${profile.id} has no field ${name}` });
    return place;
  };
  const wordsAt = ({ fn, address, count }: Place) =>
    Uint16Array.from({ length: count }, (_, k) => bank(fn).get(address + k) ?? 0);
  const put = (place: Place, words: Uint16Array, mask = 0xffff) => {
    const old = wordsAt(place);
    words.forEach((word, k) => {
      bank(place.fn).set(place.address + k, (old[k]! & ~mask) | (word & mask));
    });
  };
  return {
    set: (name, value) => {
      const place = find(name);
      put(place, encodeField(place, value), maskOf(place));
    },
    setWords: (name, words) => put(find(name), words),
    words: (name) => wordsAt(find(name)),
    content: (name) => decodeWords(wordsAt(find(name)), find(name).type, find(name).order),
    read: (fn, address, count) => {
      const known = registers.get(fn);
      const words = new Uint16Array(count);
      for (let k = 0; k < count; k += 1) {
        const word = known?.get(address + k);
        if (word === undefined) return ILLEGAL_ADDRESS;
        words[k] = word;
      }
      return words;
    },
  };
}

function toPlace(profile: Profile, field: ProfileField): Place {
  return {
    fn: functionOf(profile, field),
    address: field.at,
    count: wordsOf(field),
    type: field.type,
    order: field.order ?? profile.order,
    field,
  };
}

type Run = Pick<Place, 'fn' | 'address' | 'count'>;

function documented(profile: Profile, places: Iterable<Place>): Run[] {
  const blocks = profile.blocks.map(({ fn, first, last }) => ({
    fn: fn ?? profile.fn,
    address: first,
    count: last - first + 1,
  }));
  return [...blocks, ...places];
}

/** Two one-byte fields may share a register: each writes only its half. */
function maskOf({ type, order }: Place): number {
  const swapped = order === 'BADC' || order === 'DCBA';
  if (type === 'u8hi') return swapped ? 0x00ff : 0xff00;
  if (type === 'u8lo') return swapped ? 0xff00 : 0x00ff;
  return 0xffff;
}

/** value → raw by the inverse of the scale, rounded to the nearest raw number where the type has no fractions. */
function encodeField(place: Place, value: number | bigint | string): Uint16Array {
  const { type, order, count, field } = place;
  if (typeof value === 'string') return encodeWords(value, type, order, count);
  const scale = scaleOf(field);
  const { mantissa, exponent } = scale.offset;
  if (scale.num === scale.den && mantissa === 0n && typeof value === 'bigint') {
    return encodeWords(value, type, order, count);
  }
  const offset = Number(`${mantissa}e${exponent}`);
  const raw = ((Number(value) - offset) * Number(scale.den)) / Number(scale.num);
  return encodeWords(type === 'f32' || type === 'f64' ? raw : Math.round(raw), type, order, count);
}
