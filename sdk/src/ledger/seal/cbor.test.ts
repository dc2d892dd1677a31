import * as cborg from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLimpidError } from '../../core/error.ts';
import { type CborValue, decodeCbor, decodeCborItem, encodeCbor } from './cbor.ts';

const text = fc.string({ unit: 'binary' }).filter((value) => !/\p{Surrogate}/u.test(value));
const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(
    23,
    24,
    255,
    256,
    65535,
    65536,
    4294967295,
    4294967296,
    -24,
    -25,
    -256,
    -257,
    -4294967296,
    -4294967297,
  ),
  fc.constantFrom(
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2n ** 53n,
    -(2n ** 53n),
    -(2n ** 53n) - 1n,
    2n ** 64n - 1n,
    -(2n ** 63n),
  ),
);

const { value: values } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    integer,
    text,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc
      .array(fc.tuple(fc.oneof(text, integer), tie('value')))
      .map((members) => new Map(members.map(([key, value]) => [canonical(key), value]))),
  ),
}));

/** What the reader gives back: numbers where they are safe, BigInt elsewhere. */
function canonical<T extends CborValue>(value: T): T {
  if (typeof value !== 'bigint') return value;
  return (Number.isSafeInteger(Number(value)) ? Number(value) : value) as T;
}

function normal(value: CborValue): CborValue {
  if (Array.isArray(value)) return value.map(normal);
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [canonical(key), normal(member)]));
  return canonical(value);
}

const CBORG = { useMaps: true, strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true, allowBigInt: true };

describe('deterministic CBOR', () => {
  it('writes what cborg writes, and reads it back', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeCbor(value);
        expect(bytes).toEqual(new Uint8Array(cborg.encode(value, cborg.rfc8949EncodeOptions)));
        expect(decodeCbor(bytes)).toEqual(normal(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes any bytes only when they encode again to the same, otherwise names the offset', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 24 }), mutated()), (bytes) => {
        const decoded = attempt(bytes);
        if (decoded !== undefined) expect(encodeCbor(decoded)).toEqual(bytes);
      }),
      { numRuns: 20_000 },
    );
  });

  it('takes nothing that cborg in its strict mode refuses', () => {
    fc.assert(
      fc.property(mutated(), (bytes) => {
        const decoded = attempt(bytes);
        if (decoded !== undefined) expect(normal(cborg.decode(bytes, CBORG) as CborValue)).toEqual(decoded);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['1817', 'an integer that is not shortest'],
    ['190018', 'an integer that is not shortest'],
    ['1a0000ffff', 'an integer that is not shortest'],
    ['1b00000000ffffffff', 'an integer that is not shortest'],
    ['3b8000000000000000', 'an integer below −2^63'],
    ['5800', 'a length that is not shortest'],
    ['9f01ff', 'an indefinite array'],
    ['5f4101ff', 'an indefinite byte string'],
    ['bf0101ff', 'an indefinite map'],
    ['a201010101', 'a key twice'],
    ['a20201 0101', 'keys out of order'],
    ['a1400 1', 'a byte string as key'],
    ['61ff', 'bad UTF-8'],
    ['62c080', 'overlong UTF-8'],
    ['63eda080', 'a surrogate in UTF-8'],
    ['f7', 'undefined'],
    ['f97e00', 'a half float'],
    ['fa00000000', 'a float'],
    ['fb0000000000000000', 'a double'],
    ['c001', 'a tag'],
    ['d28440a04040', 'tag 18 inside'],
    ['f818', 'a simple value'],
    ['1c', 'a reserved length'],
    ['0000', 'trailing bytes'],
    ['', 'nothing'],
    ['8201', 'too few elements'],
    ['9bffffffffffffffff', 'an endless array'],
    ['5bffffffffffffffff', 'endless bytes'],
    ['81'.repeat(40), 'deep nesting'],
  ])('refuses %s: %s', (hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    expect(() => decodeCbor(bytes)).toThrowError(expect.objectContaining({ code: 'CBOR_MALFORMED' }));
  });

  it('keeps a byte order mark, which is text like any other', () => {
    expect(decodeCbor(encodeCbor('\ufeffa'))).toBe('\ufeffa');
  });

  it.each([
    ['a float', 1.5],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['an unsafe integer', 2 ** 53],
    ['an integer over 64 bits', 2n ** 64n],
    ['half a surrogate pair', 'a\ud800'],
    [
      'a map with 1 and 1n',
      new Map<number | bigint, number>([
        [1, 1],
        [1n, 2],
      ]),
    ],
  ])('refuses to write %s', (_, value) => {
    expect(() => encodeCbor([value])).toThrowError(expect.objectContaining({ code: 'ENTRY_MALFORMED' }));
  });

  it('hands out copies that the next call does not write over', () => {
    const first = encodeCbor('first');
    const kept = first.slice();
    for (let round = 0; round < 100; round += 1) encodeCbor('x'.repeat(round));
    expect(first).toEqual(kept);
  });

  it('reads one item of a sequence and tells where it ends', () => {
    const bytes = Uint8Array.from([...encodeCbor([1, 'a']), ...encodeCbor(null)]);
    const first = decodeCborItem(bytes, 0);
    expect(first).toEqual({ value: [1, 'a'], end: bytes.length - 1 });
    expect(decodeCborItem(bytes, first.end)).toEqual({ value: null, end: bytes.length });
  });
});

function attempt(bytes: Uint8Array): CborValue | undefined {
  try {
    return decodeCbor(bytes);
  } catch (fault) {
    if (!isLimpidError(fault, 'CBOR_MALFORMED')) throw fault;
    expect(fault.params.offset).toBeGreaterThanOrEqual(0);
    expect(fault.params.offset).toBeLessThanOrEqual(bytes.length);
    return undefined;
  }
}

function mutated(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(values, fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'insert')), { maxLength: 3 }))
    .map(([value, changes]) => {
      let bytes = [...encodeCbor(value)];
      for (const [where, byte, how] of changes) {
        const at = where % (bytes.length + 1);
        if (how === 'set') bytes[Math.min(at, bytes.length - 1)] = byte;
        else if (how === 'cut') bytes = bytes.toSpliced(at, 1);
        else bytes = bytes.toSpliced(at, 0, byte);
      }
      return Uint8Array.from(bytes);
    });
}
