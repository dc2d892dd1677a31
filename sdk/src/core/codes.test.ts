import { describe, expect, it } from 'vitest';
import { CODES, type CodeRow } from './codes.ts';

const rows: [string, CodeRow][] = Object.entries(CODES);
const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();

describe('the table of codes', () => {
  it('has a text in English and one in Chinese for every code', () => {
    for (const [code, { en, zh }] of rows) {
      expect(en.trim(), code).not.toBe('');
      expect(en, code).not.toMatch(/\p{Script=Han}/u);
      // a text of nothing but parameters and punctuation needs no word of either language
      if (/\p{L}/u.test(en.replace(/\{\w+\}/g, ''))) expect(zh, code).toMatch(/\p{Script=Han}/u);
    }
  });

  it('names the same parameters in both languages, or {nameZh} where the text of {name} has a language itself', () => {
    const native = (text: string) => placeholders(text.replace(/\{(\w+)Zh\}/g, '{$1}'));
    for (const [code, { en, zh }] of rows) {
      expect(native(zh), code).toEqual(placeholders(en));
      expect(en, code).not.toMatch(/\{\w+Zh\}/);
    }
  });

  it('has no broken placeholder', () => {
    for (const [code, { en, zh }] of rows) {
      for (const text of [en, zh]) expect(text.replace(/\{\w+\}/g, ''), code).not.toMatch(/[{}]/);
    }
  });

  it('writes codes in capitals and ends a command with 1 or 2', () => {
    for (const [code, { exit }] of rows) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect([1, 2], code).toContain(exit);
    }
  });

  it('never calls bad input worth a retry: it does not mend itself', () => {
    for (const [code, { exit, retry }] of rows) if (exit === 2) expect(retry, code).toBe(false);
  });
});
