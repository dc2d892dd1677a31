import { GAS_FACTORS } from './factors-gas.ts';
import { WATER_FACTORS } from './factors-water.ts';
import type { Unit } from './unit.ts';

/** code, English, Chinese, default unit of concentration, unit of the emitted amount */
export type FactorRow = readonly [code: string, en: string, zh: string, unit: Unit, amountUnit: Unit | null];

/** A pollutant or parameter code of HJ 212-2017 tables B.1 and B.2, or one seen in the field. */
export interface Factor {
  code: string;
  name: { en: string; zh: string };
  medium: 'water' | 'air';
  unit: Unit;
  amountUnit: Unit | null;
}

/**
 * Codes outside tables B.1 and B.2: w01003 and a05024 (HJ 524) are seen on the wire. The x-codes are Limpid's own, for
 * quantities that the standard names no code for; they are never sent to a platform.
 */
const FURTHER_FACTORS: readonly FactorRow[] = [
  ['w01003', 'turbidity', '浊度', 'NTU', null],
  ['a05024', 'ozone', '臭氧', 'mg/m3', 'kg'],
];

const OWN_FACTORS: readonly (readonly [...FactorRow, 'water' | 'air'])[] = [
  ['xw0001', 'effluent totaliser', '累计流量', 'm3', null, 'water'],
  ['xw0002', 'liquid level', '液位', 'm', null, 'water'],
];

const FACTORS = new Map<string, Factor>([
  ...WATER_FACTORS.map((row) => toFactor(row, 'water')),
  ...GAS_FACTORS.map((row) => toFactor(row, 'air')),
  ...FURTHER_FACTORS.map((row) => toFactor(row, row[0].startsWith('w') ? 'water' : 'air')),
  ...OWN_FACTORS.map(([code, en, zh, unit, amountUnit, medium]) => toFactor([code, en, zh, unit, amountUnit], medium)),
]);

/** undefined for a code that no table knows. */
export function findFactor(code: string): Factor | undefined {
  return FACTORS.get(code);
}

export function listFactors(): Factor[] {
  return [...FACTORS.values()];
}

function toFactor([code, en, zh, unit, amountUnit]: FactorRow, medium: 'water' | 'air'): [string, Factor] {
  return [code, { code, name: { en, zh }, medium, unit, amountUnit }];
}
