import { parseDecimal, type Scale, scaleToMantissa, toScale } from '../core/decimal.ts';
import { LimpidError } from '../core/error.ts';
import { decimalsOf, neededDecimals } from './field-words.ts';
import type { ProfileField } from './schema.ts';
import type { Wording } from './yaml-document.ts';

type ScaledField = Pick<ProfileField, 'factor' | 'offset' | 'decimals' | 'range'>;

export function scaleOf(field: Pick<ProfileField, 'factor' | 'offset'>): Scale {
  return toScale(exactly(field.factor), exactly(field.offset));
}

/** Both bounds as mantissas at the exponent of the channel. */
export function rangeOf(field: ScaledField): { low: number; high: number } | null {
  if (field.range === undefined) return null;
  const { low, high } = field.range;
  return { low: Number(boundOf(low, field) ?? unfit(low)), high: Number(boundOf(high, field) ?? unfit(high)) };
}

/** What is wrong with the numbers of a field, be they of the profile or of a site. `key` is the option to point at. */
export function scaleFaults(field: ScaledField): { key: 'factor' | 'decimals' | 'range'; detail: Wording }[] {
  const needed = neededDecimals(field);
  const { decimals, range } = field;
  const found = [
    parseDecimal(field.factor)?.mantissa === 0n && { key: 'factor' as const, detail: ZERO_FACTOR },
    decimals !== undefined && decimals < needed && { key: 'decimals' as const, detail: fewDecimals(needed) },
    range !== undefined && rangeDetail(field, range),
  ];
  return found.filter((each) => each !== false);
}

function rangeDetail(
  field: ScaledField,
  { low, high }: { low: string | number; high: string | number },
): { key: 'range'; detail: Wording } | false {
  const [from, to] = [boundOf(low, field), boundOf(high, field)];
  if (from === null || to === null) return { key: 'range', detail: HUGE_RANGE };
  return from < to ? false : { key: 'range', detail: EMPTY_RANGE };
}

/** null when it does not fit into the 64 bits of a mantissa */
function boundOf(bound: string | number, field: ScaledField): number | bigint | null {
  return scaleToMantissa(1, toScale(exactly(bound)), -decimalsOf(field));
}

function exactly(text: string | number): { mantissa: bigint; exponent: number } {
  const decimal = parseDecimal(text);
  if (decimal === null) throw new LimpidError('INTERNAL', { detail: `${text} passed the schema but is no decimal` });
  return decimal;
}

function unfit(bound: string | number): never {
  throw new LimpidError('INTERNAL', { detail: `the bound ${bound} of a range passed the checks but is too large` });
}

const ZERO_FACTOR: Wording = { en: 'factor 0 makes every value 0', zh: 'factor 为 0 会使所有值为 0' };
const EMPTY_RANGE: Wording = { en: 'range: low must be below high', zh: 'range：low 须小于 high' };
const HUGE_RANGE: Wording = {
  en: 'range: with the decimals of the field a bound takes more than 64 bits',
  zh: 'range：按该字段的小数位数，界限超出 64 位',
};
const fewDecimals = (needed: number): Wording => ({
  en: `factor and offset have ${needed} decimals; fewer lose digits`,
  zh: `factor 和 offset 有 ${needed} 位小数；decimals 不得更少`,
});
