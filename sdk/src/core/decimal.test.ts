import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Decimal,
  divideHalfEven,
  formatDecimal,
  parseDecimal,
  type Scale,
  scaleToMantissa,
  toFraction,
  toNumberWhenSafe,
  toScale,
  UNSCALED,
} from './decimal.ts';

const decimal = (text: string): Decimal => {
  const parsed = parseDecimal(text);
  if (parsed === null) throw new Error(`not a decimal: ${text}`);
  return parsed;
};
const scale = (factor: string, offset = '0') => toScale(decimal(factor), decimal(offset));

/**
 * The definition, by another way than the product's: the greatest of the integers nearest to the exact quotient,
 * found by doubling instead of by remainder.
 */
function exactMantissa(raw: number | bigint, by: Scale, exponent: number): bigint {
  const [rawNum, rawDen] = typeof raw === 'bigint' ? [raw, 1n] : toFraction(raw);
  const shift = 400;
  const offsetNum = by.offset.mantissa * 10n ** BigInt(by.offset.exponent + shift);
  const unit = 10n ** BigInt(shift);
  const num = rawNum * by.num * unit + offsetNum * rawDen * by.den;
  const den = rawDen * by.den * 10n ** BigInt(shift + exponent);
  const floorOf = (n: bigint, d: bigint) => (n >= 0n ? n / d : -((-n + d - 1n) / d));
  const below = floorOf(num, den);
  const aboveHalf = 2n * num - (2n * below + 1n) * den;
  if (aboveHalf > 0n) return below + 1n;
  if (aboveHalf < 0n) return below;
  return below % 2n === 0n ? below : below + 1n;
}

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const rawNumbers = fc.oneof(
  fc.integer({ min: -0x80000000, max: 0xffffffff }),
  fc.maxSafeInteger(),
  float32,
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }),
  // around ties: k/2, k/8, k/16 are float32 and land on .5 after many factors
  fc.tuple(fc.integer({ min: -200_000, max: 200_000 }), fc.constantFrom(2, 8, 16, 1024)).map(([k, d]) => k / d),
);
const factors = fc.oneof(
  fc.constantFrom('1', '2', '5', '10', '100', '0.1', '0.01', '0.001', '0.5', '65535', '65536', '-1', '0.0000001'),
  fc.tuple(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: -6, max: 2 })).map(([m, e]) => `${m}e${e}`),
);

describe('scaleToMantissa', () => {
  it('equals the exact fraction rounded half to even, whichever way it was computed', () => {
    fc.assert(
      fc.property(
        fc.oneof(rawNumbers, fc.bigInt({ min: 0n, max: 2n ** 62n })),
        factors,
        fc.constantFrom('0', '-273.15', '1e-3'),
        fc.integer({ min: -9, max: 3 }),
        (raw, factor, offset, exponent) => {
          const by = scale(factor, offset);
          const exact = exactMantissa(raw, by, exponent);
          const fits = exact >= -(2n ** 63n) && exact < 2n ** 63n;
          expect(scaleToMantissa(raw, by, exponent)).toStrictEqual(fits ? toNumberWhenSafe(exact) : null);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('lets no double near a tie fall to the wrong side where the factor is an integer', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: -3_000, max: 3_000 }), fc.constantFrom(2, 4, 8, 10, 20, 1_000)),
        fc.oneof(fc.constantFrom(1, 5, 15, 25, 125), fc.integer({ min: 1, max: 70_000 })),
        fc.constantFrom(0, 0, 0, -1, -3),
        ([k, divisor], factor, exponent) => {
          const by = toScale({ mantissa: BigInt(factor), exponent: 0 });
          for (const raw of [k / divisor, Math.fround(k / divisor)]) {
            expect(scaleToMantissa(raw, by, exponent)).toBe(Number(exactMantissa(raw, by, exponent)));
          }
        },
      ),
      { numRuns: 3_000 },
    );
    // the double 0.1 is a little more than a tenth, so five of it are more than a half
    expect(scaleToMantissa(0.1, scale('5'), 0)).toBe(1);
  });

  it('takes the same way for a double and for the BigInt of the same integer', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.integer({ min: 1, max: 65_535 }),
        fc.integer({ min: -9, max: 0 }),
        (n, f, e) => {
          const by = toScale({ mantissa: BigInt(f), exponent: 0 });
          expect(scaleToMantissa(n, by, e)).toStrictEqual(scaleToMantissa(BigInt(n), by, e));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('rounds ties to the even neighbour on both sides of zero', () => {
    const ties: [number, number][] = [
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [3.5, 4],
      [-0.5, 0],
      [-1.5, -2],
      [-2.5, -2],
    ];
    for (const [raw, mantissa] of ties) expect(scaleToMantissa(raw, UNSCALED, 0)).toBe(mantissa);
    for (const [raw, mantissa] of [
      [5, 0],
      [15, 2],
      [25, 2],
      [-15, -2],
    ] as const) {
      expect(scaleToMantissa(raw, scale('0.1'), 0)).toBe(mantissa);
    }
  });

  it('keeps register 1234 at scale 0.1 free of binary dust', () => {
    expect(scaleToMantissa(1234, scale('0.1'), -1)).toBe(1234);
    expect(scaleToMantissa(3, scale('0.1'), -3)).toBe(300);
    expect(scaleToMantissa(2981, scale('0.1', '-273.15'), -2)).toBe(2495);
  });

  it('reads a float32 for what it stands for', () => {
    expect(scaleToMantissa(Math.fround(12.34), UNSCALED, -2)).toBe(1234);
    expect(scaleToMantissa(Math.fround(0.1), UNSCALED, -9)).toBe(100_000_001);
    expect(scaleToMantissa(1.401298464324817e-45, UNSCALED, -9)).toBe(0);
  });

  it('gives null for what is not a finite number', () => {
    for (const raw of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(scaleToMantissa(raw, UNSCALED, 0)).toBeNull();
    }
  });

  it('gives null on overflow of 64 bits and keeps the last value that fits', () => {
    expect(scaleToMantissa(2n ** 63n - 1n, UNSCALED, 0)).toBe(2n ** 63n - 1n);
    expect(scaleToMantissa(2n ** 63n, UNSCALED, 0)).toBeNull();
    expect(scaleToMantissa(-(2n ** 63n), UNSCALED, 0)).toBe(-(2n ** 63n));
    expect(scaleToMantissa(-(2n ** 63n) - 1n, UNSCALED, 0)).toBeNull();
    expect(scaleToMantissa(3.4e38, UNSCALED, 0)).toBeNull();
    expect(scaleToMantissa(1e300, UNSCALED, -9)).toBeNull();
  });

  it('changes from numbers to BigInt exactly where numbers stop being safe', () => {
    expect(scaleToMantissa(Number.MAX_SAFE_INTEGER, UNSCALED, 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(scaleToMantissa(2 ** 53, UNSCALED, 0)).toBe(2n ** 53n);
    expect(scaleToMantissa(2n ** 53n - 1n, UNSCALED, 0)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('never yields minus zero', () => {
    for (const raw of [-0, -0.4, -0.5, Math.fround(-1e-30)]) expect(scaleToMantissa(raw, UNSCALED, 0)).toBe(0);
  });
});

describe('divideHalfEven', () => {
  it('is at most half a step from the exact quotient, and even when exactly half', () => {
    fc.assert(
      fc.property(
        fc.bigInt(),
        fc.bigInt().filter((n) => n !== 0n),
        (num, den) => {
          const quotient = divideHalfEven(num, den);
          const off = 2n * (num - quotient * den);
          const distance = off < 0n ? -off : off;
          const width = den < 0n ? -den : den;
          expect(distance <= width).toBe(true);
          if (distance === width) expect(quotient % 2n).toBe(0n);
        },
      ),
    );
  });
});

describe('toFraction', () => {
  it('is exact for every finite double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const [num, den] = toFraction(value);
        expect(den > 0n && (den & (den - 1n)) === 0n).toBe(true);
        const bits = den.toString(2).length - 1;
        // halving in two steps keeps the division exact below 2^-1022 too
        const first = Math.min(bits, 1_000);
        expect(Number(num) / 2 ** first / 2 ** (bits - first)).toBe(value + 0);
      }),
    );
  });
});

describe('parseDecimal', () => {
  it('reads what people write in a profile', () => {
    expect(parseDecimal('0.1')).toEqual({ mantissa: 1n, exponent: -1 });
    expect(parseDecimal('-273.15')).toEqual({ mantissa: -27315n, exponent: -2 });
    expect(parseDecimal('1e-3')).toEqual({ mantissa: 1n, exponent: -3 });
    expect(parseDecimal(' +2.50E+2 ')).toEqual({ mantissa: 250n, exponent: 0 });
    expect(parseDecimal(10)).toEqual({ mantissa: 10n, exponent: 0 });
    expect(parseDecimal(1e-7)).toEqual({ mantissa: 1n, exponent: -7 });
    expect(parseDecimal(1e21)).toEqual({ mantissa: 1n, exponent: 21 });
  });

  it('refuses everything else', () => {
    for (const text of [
      '',
      ' ',
      '.',
      '.5',
      '5.',
      '1,5',
      '0x10',
      '1e',
      '1e1234',
      '--1',
      '1 2',
      'NaN',
      'Infinity',
      '١',
    ]) {
      expect(parseDecimal(text), text).toBeNull();
    }
    expect(parseDecimal(Number.NaN)).toBeNull();
    expect(parseDecimal(Number.POSITIVE_INFINITY)).toBeNull();
  });

  it('agrees with the double of the same text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const { mantissa, exponent } = decimal(String(value));
        expect(Number(`${mantissa}e${exponent}`)).toBe(value + 0);
      }),
    );
  });
});

describe('formatDecimal', () => {
  it('writes plain digits and keeps zeros', () => {
    expect(formatDecimal(12345, -2)).toBe('123.45');
    expect(formatDecimal(100, -2)).toBe('1.00');
    expect(formatDecimal(-5, -3)).toBe('-0.005');
    expect(formatDecimal(0, -2)).toBe('0.00');
    expect(formatDecimal(-0, 0)).toBe('0');
    expect(formatDecimal(12, 3)).toBe('12000');
    expect(formatDecimal(2n ** 63n - 1n, -3)).toBe('9223372036854775.807');
  });

  it('is read back as the same decimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer({ min: -20, max: 0 }), (m, e) => {
        expect(parseDecimal(formatDecimal(m, e))).toEqual({ mantissa: m, exponent: e === 0 ? 0 : e });
      }),
    );
  });

  it('is read back as the same value when the exponent is positive', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 0, max: 20 }), (m, e) => {
        expect(parseDecimal(formatDecimal(m, e))).toEqual({ mantissa: m * 10n ** BigInt(e), exponent: 0 });
      }),
    );
  });
});

describe('toScale', () => {
  it('keeps factors as exact fractions', () => {
    expect(scale('0.1')).toMatchObject({ num: 1n, den: 10n });
    expect(scale('2.5e3')).toMatchObject({ num: 2500n, den: 1n });
    expect(scale('1', '-0.5').offset).toEqual({ mantissa: -5n, exponent: -1 });
  });
});
