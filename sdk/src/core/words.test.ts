import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLimpidError } from './error.ts';
import { DATA_TYPES, type DataType, WORD_ORDERS, type WordOrder } from './reading.ts';
import { decodeWords, encodeWords, rawToWords, toRaw, wordsOfType } from './words.ts';

const words = (...each: number[]) => Uint16Array.from(each);
const order = fc.constantFrom(...WORD_ORDERS);
const anyWords = (length: number) => fc.uint16Array({ minLength: length, maxLength: length });

describe('decodeWords', () => {
  it.each<[WordOrder, number[]]>([
    ['ABCD', [0x42f6, 0xe979]],
    ['CDAB', [0xe979, 0x42f6]],
    ['BADC', [0xf642, 0x79e9]],
    ['DCBA', [0x79e9, 0xf642]],
  ])('reads 123.456 in order %s', (each, on) => {
    expect(decodeWords(words(...on), 'f32', each)).toBe(Math.fround(123.456));
  });

  it.each<[string, number[], DataType, WordOrder, number]>([
    ['a visibility meter, 3F48 2B67', [0x3f48, 0x2b67], 'f32', 'ABCD', 0.78193],
    ['a gas flow meter, 0A11 42C5', [0x0a11, 0x42c5], 'f32', 'CDAB', 98.5197],
  ])('reads the documented float of %s', (_, on, type, each, value) => {
    expect(decodeWords(words(...on), type, each)).toBeCloseTo(value, 4);
  });

  it('reads a totaliser whose low word comes first', () => {
    expect(decodeWords(words(0xe240, 0x0001), 'i32', 'CDAB')).toBe(123_456);
  });

  it('keeps the not-a-number by which a transmitter says that it measures nothing', () => {
    expect(decodeWords(words(0x7fa0, 0), 'f32', 'ABCD')).toBeNaN();
    expect(toRaw(words(0x7fa0, 0))).toBe(0x7fa0_0000);
  });

  it('reverses words and swaps bytes of 64-bit values', () => {
    const on: Record<WordOrder, number[]> = {
      ABCD: [0x0001, 0x0203, 0x0405, 0x0607],
      CDAB: [0x0607, 0x0405, 0x0203, 0x0001],
      BADC: [0x0100, 0x0302, 0x0504, 0x0706],
      DCBA: [0x0706, 0x0504, 0x0302, 0x0100],
    };
    for (const each of WORD_ORDERS) expect(decodeWords(words(...on[each]), 'u64', each)).toBe(0x0001_0203_0405_0607);
  });

  it('gives integers beyond 2^53 as BigInt and smaller ones as numbers', () => {
    const all = words(0xffff, 0xffff, 0xffff, 0xffff);
    expect(decodeWords(all, 'u64', 'ABCD')).toBe(2n ** 64n - 1n);
    expect(decodeWords(all, 'i64', 'ABCD')).toBe(-1);
    expect(decodeWords(words(0x8000, 0, 0, 0), 'i64', 'ABCD')).toBe(-(2n ** 63n));
    expect(decodeWords(words(0x001f, 0xffff, 0xffff, 0xffff), 'u64', 'ABCD')).toBe(Number.MAX_SAFE_INTEGER);
    expect(decodeWords(words(0x0020, 0, 0, 0), 'u64', 'ABCD')).toBe(2n ** 53n);
    expect(decodeWords(words(0x9999, 0x9999, 0x9999, 0x9999), 'bcd', 'ABCD')).toBe(9_999_999_999_999_999n);
  });

  it('reads four digits of BCD a word and nothing when one is not a digit', () => {
    expect(decodeWords(words(0x0012, 0x3456), 'bcd', 'ABCD')).toBe(123_456);
    expect(decodeWords(words(0x5634, 0x1200), 'bcd', 'DCBA')).toBe(123_456);
    expect(decodeWords(words(0x00a2), 'bcd', 'ABCD')).toBeNull();
  });

  it('reads the two halves of a register', () => {
    expect(decodeWords(words(0x12ab), 'u8hi', 'ABCD')).toBe(0x12);
    expect(decodeWords(words(0x12ab), 'u8lo', 'ABCD')).toBe(0xab);
    expect(decodeWords(words(0x12ab), 'u8hi', 'BADC')).toBe(0xab);
  });

  it('cuts the padding of text, swaps its bytes and never reverses its words', () => {
    expect(decodeWords(words(0x5343, 0x532d, 0x3930, 0x2000), 'string', 'CDAB')).toBe('SCS-90');
    expect(decodeWords(words(0x4353, 0x2d53), 'string', 'DCBA')).toBe('SCS-');
    expect(decodeWords(words(0xff41), 'string', 'ABCD')).toBeNull();
  });

  it('reads a time of BCD bytes as wall time, and nothing when no calendar has it', () => {
    const atS = Date.UTC(2026, 10, 23, 21, 43, 5) / 1000;
    expect(decodeWords(words(0x2611, 0x2321, 0x4305), 'time', 'ABCD')).toBe(atS);
    expect(decodeWords(words(0x1126, 0x2123, 0x0543), 'time', 'BADC')).toBe(atS);
    for (const bad of [
      [0x2602, 0x2921, 0x4305],
      [0x2600, 0x0100, 0],
      [0x2613, 0x0100, 0],
      [0x2611, 0x2324, 0],
    ]) {
      expect(decodeWords(words(...bad), 'time', 'ABCD')).toBeNull();
    }
    expect(decodeWords(words(0x2802, 0x2900, 0), 'time', 'ABCD')).toBe(Date.UTC(2028, 1, 29) / 1000);
  });

  it('reads nothing from a number of words that the type does not have', () => {
    expect(decodeWords(words(1), 'f32', 'ABCD')).toBeNull();
    expect(decodeWords(words(), 'bits', 'ABCD')).toBeNull();
    expect(decodeWords(words(1, 2, 3, 4, 5), 'bits', 'ABCD')).toBeNull();
  });

  it('never throws, whatever the words, and its values encode to the same words', () => {
    const exact: DataType[] = ['u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f64', 'bcd', 'bits', 'time'];
    const cases = fc
      .record({ type: fc.constantFrom(...DATA_TYPES), free: fc.integer({ min: 1, max: 4 }), order })
      .chain((each) => anyWords(wordsOfType(each.type) ?? each.free).map((on) => ({ ...each, on })));
    fc.assert(
      fc.property(cases, ({ type, order: each, on }) => {
        const value = decodeWords(on, type, each);
        if (value === null || !exact.includes(type) || Number.isNaN(value)) return;
        expect(encodeWords(value, type, each, on.length)).toEqual(on);
      }),
      { numRuns: 3_000 },
    );
  });

  it('brings back every value of each type in each order', () => {
    fc.assert(
      fc.property(order, fc.bigInt(0n, 2n ** 64n - 1n), fc.float({ noNaN: true }), (each, integer, float) => {
        for (const [type, bits] of [
          ['i16', 16],
          ['u32', 32],
          ['i32', 32],
          ['u64', 64],
          ['i64', 64],
        ] as const) {
          const value = type.startsWith('i') ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer);
          expect(BigInt(decodeWords(encodeWords(value, type, each, bits / 16), type, each) ?? '')).toBe(value);
        }
        expect(decodeWords(encodeWords(float, 'f32', each, 2), 'f32', each)).toBe(float);
        expect(decodeWords(encodeWords(float, 'f64', each, 4), 'f64', each)).toBe(float);
      }),
    );
  });

  it('brings back BCD, halves, times and text', () => {
    fc.assert(
      fc.property(
        order,
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 946_684_800, max: 4_102_444_799 }),
        fc.string({ maxLength: 8 }),
        (each, byte, atS, text) => {
          for (const type of ['u8hi', 'u8lo'] as const) {
            expect(decodeWords(encodeWords(byte, type, each, 1), type, each)).toBe(byte);
          }
          expect(decodeWords(encodeWords(atS, 'bcd', each, 3), 'bcd', each)).toBe(atS);
          expect(decodeWords(encodeWords(atS, 'time', each, 3), 'time', each)).toBe(atS);
          expect(decodeWords(encodeWords(text, 'string', each, 4), 'string', each)).toBe(text.replace(/[ \0]+$/, ''));
        },
      ),
    );
  });
});

describe('encodeWords', () => {
  it.each<[number | bigint | string, DataType, number]>([
    [65_536, 'u16', 1],
    [-1, 'u16', 1],
    [32_768, 'i16', 1],
    [256, 'u8hi', 1],
    [1.5, 'u32', 2],
    [2n ** 64n, 'u64', 4],
    [10_000, 'bcd', 1],
    [1e39, 'f32', 2],
    ['12', 'u16', 1],
    ['too long', 'string', 2],
    [1, 'u32', 1],
    [-1, 'time', 3],
    [1, 'bits', 5],
    [Number.NaN, 'i32', 2],
  ])('refuses %s as %s in %s registers', (value, type, count) => {
    expect(() => encodeWords(value, type, 'ABCD', count)).toThrow(
      expect.toSatisfy((fault: unknown) => isLimpidError(fault, 'REQUEST_INVALID')),
    );
  });
});

describe('toRaw', () => {
  it('keeps up to four registers as one integer, the first one highest, and more as bytes', () => {
    expect(toRaw(words(0x1234))).toBe(0x1234);
    expect(toRaw(words(0xffff, 0xfffe))).toBe(0xffff_fffe);
    expect(toRaw(words(1, 2, 3))).toBe(0x0001_0002_0003);
    expect(toRaw(words(0x8000, 0, 0, 1))).toBe(2n ** 63n + 1n);
    expect(toRaw(words(1, 2, 3, 4, 0xabcd))).toEqual(Uint8Array.of(0, 1, 0, 2, 0, 3, 0, 4, 0xab, 0xcd));
  });

  it('gives back the very words', () => {
    fc.assert(
      fc.property(fc.uint16Array({ minLength: 1, maxLength: 9 }), (on) => {
        expect(rawToWords(toRaw(on), on.length)).toEqual(on);
      }),
    );
  });

  it('refuses a raw that so many registers cannot give', () => {
    for (const [raw, count] of [
      [65_536, 1],
      [-1, 1],
      [1.5, 2],
      [2n ** 64n, 4],
      [1, 5],
      [Uint8Array.of(1, 2), 1],
    ] as const) {
      expect(() => rawToWords(raw, count)).toThrow(
        expect.toSatisfy((fault: unknown) => isLimpidError(fault, 'REQUEST_INVALID')),
      );
    }
  });
});
