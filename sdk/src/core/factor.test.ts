import { describe, expect, it } from 'vitest';
import { findFactor, listFactors } from './factor.ts';
import { GAS_FACTORS } from './factors-gas.ts';
import { WATER_FACTORS } from './factors-water.ts';
import { isUnit } from './unit.ts';

const factors = listFactors();

describe('the factor codes', () => {
  it('are the 63 of table B.1 and the 121 of table B.2, each once', () => {
    expect(WATER_FACTORS).toHaveLength(63);
    expect(GAS_FACTORS).toHaveLength(121);
    const codes = [...WATER_FACTORS, ...GAS_FACTORS].map(([code]) => code);
    expect(new Set(codes).size).toBe(184);
  });

  it('lose none when the tables are put together', () => {
    expect(factors).toHaveLength(63 + 121 + 4);
  });

  it('begin with w in table B.1, with a in table B.2, and end in five digits', () => {
    for (const [code] of WATER_FACTORS) expect(code).toMatch(/^w\d{5}$/);
    for (const [code] of GAS_FACTORS) expect(code).toMatch(/^a\d{5}$/);
  });

  it('stand in the order of the code within a table', () => {
    for (const table of [WATER_FACTORS, GAS_FACTORS]) {
      const codes = table.map(([code]) => code);
      expect(codes).toEqual([...codes].sort());
    }
  });

  it('have both names and listed units', () => {
    for (const { code, name, unit, amountUnit } of factors) {
      expect(name.en.trim(), code).not.toBe('');
      expect(name.en, code).not.toMatch(/\p{Script=Han}/u);
      expect(name.zh.trim(), code).not.toBe('');
      expect(isUnit(unit), code).toBe(true);
      if (amountUnit !== null) expect(['m3', 'kg', 'g', 'mg', 't'], code).toContain(amountUnit);
    }
  });

  it('belong to water or air by their first letter', () => {
    for (const { code, medium } of factors) expect(medium).toBe(/^x?w/.test(code) ? 'water' : 'air');
  });

  it('know the everyday ones', () => {
    expect(findFactor('a21026')).toMatchObject({
      name: { zh: '二氧化硫' },
      medium: 'air',
      unit: 'mg/m3',
      amountUnit: 'kg',
    });
    expect(findFactor('w01018')).toMatchObject({ name: { zh: '化学需氧量' }, medium: 'water', unit: 'mg/L' });
    expect(findFactor('a19001')).toMatchObject({ name: { zh: '氧气含量' }, unit: '%', amountUnit: null });
    expect(findFactor('w00000')).toMatchObject({ unit: 'L/s', amountUnit: 'm3' });
  });

  it('do not know a code by another case or a name from the prototype', () => {
    for (const code of ['A21026', 'a2102', '', 'constructor', '__proto__']) expect(findFactor(code)).toBeUndefined();
  });
});
