import { describe, expect, it } from 'vitest';
import { isSameKind, isUnit, showUnit, UNITS } from './unit.ts';

describe('units', () => {
  it('are listed once and in ASCII', () => {
    expect(new Set(UNITS).size).toBe(UNITS.length);
    for (const unit of UNITS) expect(unit).toMatch(/^[\x21-\x7e]+$/);
  });

  it('are refused when misspelt', () => {
    for (const unit of UNITS) expect(isUnit(unit)).toBe(true);
    for (const text of ['', 'mg/m³', 'MG/L', 'Kw', 'mg/m3 ', 'toString']) expect(isUnit(text)).toBe(false);
  });

  it('are of one kind when one can stand for the other', () => {
    for (const [one, other] of [
      ['mg/m3', 'ppm'],
      ['%', 'g/m3'],
      ['Pa', 'kPa'],
      ['L/s', 'm3/h'],
      ['pH', '1'],
    ] as const) {
      expect(isSameKind(one, other) && isSameKind(other, one)).toBe(true);
    }
    for (const [one, other] of [
      ['mg/L', 'pH'],
      ['m3', 'm3/h'],
      ['pH', 'degree'],
      ['mA', 'mg/m3'],
    ] as const) {
      expect(isSameKind(one, other)).toBe(false);
    }
  });

  it('are shown to people with their own signs', () => {
    expect(showUnit('mg/m3')).toBe('mg/m³');
    expect(showUnit('degC')).toBe('°C');
    expect(showUnit('kW')).toBe('kW');
    expect(showUnit('1')).toBe('');
    for (const unit of UNITS) expect(showUnit(unit)).not.toMatch(/m3|m2|^u|deg/);
  });
});
