import { describe, expect, it } from 'vitest';
import { QUALITIES, QUALITY_NAMES, qualityName, qualityText } from './quality.ts';

describe('quality', () => {
  it('keeps the numbers that are signed into ledgers', () => {
    expect(QUALITIES).toEqual({
      good: 0,
      noAnswer: 1,
      busFault: 2,
      readError: 3,
      outOfRange: 4,
      held: 5,
      calibration: 6,
      maintenance: 7,
      purge: 8,
      stopped: 9,
      deviceAlarm: 10,
      warmUp: 11,
      deviceExchanged: 12,
      tamperInput: 13,
      parameterChanged: 14,
      degradedInput: 15,
      statusUnknown: 16,
    });
  });

  it('finds the name of every number', () => {
    for (const name of QUALITY_NAMES) expect(qualityName(QUALITIES[name])).toBe(name);
  });

  it('has a text of its own for every number in both languages', () => {
    for (const language of ['en', 'zh'] as const) {
      const texts = QUALITY_NAMES.map((name) => qualityText(QUALITIES[name], language));
      expect(new Set(texts).size).toBe(QUALITY_NAMES.length);
    }
    expect(qualityText(QUALITIES.calibration, 'zh')).toBe('校准');
  });

  it('refuses a number that is not in the list', () => {
    for (const quality of [-1, 17, 0.5, Number.NaN]) expect(() => qualityName(quality)).toThrow(RangeError);
  });
});
