/**
 * Exact decimal arithmetic on register values: a raw number times an exact fraction plus an offset, rounded half to
 * even at a decimal exponent. Binary floating point never decides a digit: the fast path is taken only where double
 * arithmetic is exact, everything else is BigInt.
 */

/** value = (raw × num / den) + offset; all exact. `offset` is a decimal fraction. */
export interface Scale {
  num: bigint;
  den: bigint;
  offset: Decimal;
}

/** mantissa × 10^exponent */
export interface Decimal {
  mantissa: bigint;
  exponent: number;
}

export const UNSCALED: Scale = { num: 1n, den: 1n, offset: { mantissa: 0n, exponent: 0 } };

/** Mantissas are signed 64-bit integers; whatever lies outside is overflow. */
const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

/**
 * The mantissa at `exponent` of the scaled raw number, or null when raw is NaN, infinite, or the result would not fit
 * into 64 bits with a sign. Mantissas below 2^53 are numbers, larger ones BigInt.
 */
export function scaleToMantissa(raw: number | bigint, scale: Scale, exponent: number): number | bigint | null {
  if (typeof raw === 'number') {
    if (!Number.isFinite(raw)) return null;
    const quick = scaleQuickly(raw, scale, exponent);
    if (quick !== undefined) return quick;
  }
  return scaleExactly(raw, scale, exponent);
}

/** Only where every step is exact in a double; undefined otherwise. */
function scaleQuickly(raw: number, scale: Scale, exponent: number): number | undefined {
  if (exponent > 0 || exponent < -9 || scale.den !== 1n || scale.offset.mantissa !== 0n) return undefined;
  if (scale.num > 0xffffn || scale.num < 1n) return undefined;
  const factor = Number(scale.num) * POWERS[-exponent]!;
  const integer = Number.isInteger(raw);
  // A float32 has 24 significant bits: its product with a factor below 2^28 needs at most 52. Integers need no bound but
  // the product's: a product that was rounded is never at most 2^53 − 1.
  if (!integer && (factor > 0xfffffff || Math.fround(raw) !== raw)) return undefined;
  const product = raw * factor;
  if (Math.abs(product) > Number.MAX_SAFE_INTEGER) return undefined;
  return roundHalfEven(product) + 0;
}

const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function scaleExactly(raw: number | bigint, scale: Scale, exponent: number): number | bigint | null {
  const [rawNum, rawDen] = typeof raw === 'bigint' ? [raw, 1n] : toFraction(raw);
  const offset = scale.offset;
  // raw·num/den + offset, as one fraction
  const offsetNum = offset.exponent >= 0 ? offset.mantissa * 10n ** BigInt(offset.exponent) : offset.mantissa;
  const offsetDen = offset.exponent >= 0 ? 1n : 10n ** BigInt(-offset.exponent);
  let num = rawNum * scale.num * offsetDen + offsetNum * rawDen * scale.den;
  let den = rawDen * scale.den * offsetDen;
  if (exponent <= 0) num *= 10n ** BigInt(-exponent);
  else den *= 10n ** BigInt(exponent);
  const mantissa = divideHalfEven(num, den);
  if (mantissa > LARGEST || mantissa < SMALLEST) return null;
  return toNumberWhenSafe(mantissa);
}

/** num / den rounded half to even. */
export function divideHalfEven(num: bigint, den: bigint): bigint {
  if (den < 0n) return divideHalfEven(-num, -den);
  let quotient = num / den;
  let rest = num % den;
  if (rest < 0n) {
    rest += den;
    quotient -= 1n;
  }
  const twice = rest * 2n;
  if (twice > den || (twice === den && (quotient & 1n) === 1n)) quotient += 1n;
  return quotient;
}

/** The exact fraction that a finite double stands for. */
export function toFraction(value: number): [num: bigint, den: bigint] {
  if (Number.isInteger(value)) return [BigInt(value), 1n];
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponentBits = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const significand = exponentBits === 0 ? fraction : fraction | 0x10000000000000n;
  const power = (exponentBits === 0 ? 1 : exponentBits) - 1075;
  const signed = bits >> 63n ? -significand : significand;
  return power >= 0 ? [signed << BigInt(power), 1n] : [signed, 1n << BigInt(-power)];
}

/** Parses what people write in a profile: "0.1", "-273.15", "1e-3", 10. Never goes through a binary fraction. */
export function parseDecimal(text: string | number): Decimal | null {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(String(text).trim());
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  const mantissa = BigInt(whole + fraction);
  return { mantissa: sign === '-' ? -mantissa : mantissa, exponent: Number(power) - fraction.length };
}

/** "0.1" as num/den; the factor of a scale. */
export function toScale(factor: Decimal, offset: Decimal = { mantissa: 0n, exponent: 0 }): Scale {
  return factor.exponent >= 0
    ? { num: factor.mantissa * 10n ** BigInt(factor.exponent), den: 1n, offset }
    : { num: factor.mantissa, den: 10n ** BigInt(-factor.exponent), offset };
}

/** mantissa × 10^exponent as plain digits: (12345, -2) → "123.45"; never an exponent, never lost zeros. */
export function formatDecimal(mantissa: number | bigint, exponent: number): string {
  if (exponent >= 0) return (BigInt(mantissa) * 10n ** BigInt(exponent)).toString();
  const value = BigInt(mantissa);
  const digits = (value < 0n ? -value : value).toString().padStart(1 - exponent, '0');
  const cut = digits.length + exponent;
  return `${value < 0n ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

export function toNumberWhenSafe(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
