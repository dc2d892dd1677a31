import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CODES, type CodeRow } from '@limpid/sdk/core';
import { describe, expect, it } from 'vitest';
import { renderCodesPage } from './codes-page.ts';
import { ROOT, readPath } from './work-tree.ts';

const PAGE = 'sdk/CODES.md';

describe('the page of codes', () => {
  it('has a row for every code, with both texts, exit status and retry', () => {
    const row: CodeRow = { en: 'a | b', zh: '甲', retry: true, exit: 1 };
    expect(renderCodesPage({ A_B: row })).toContain('| `A_B` | a \\| b | 甲 | 1 | yes |');
  });

  it('changes when a text, a status or a code changes', () => {
    const row: CodeRow = { en: 'a', zh: '甲', retry: true, exit: 1 };
    const page = renderCodesPage({ A: row });
    for (const other of [{ en: 'b' }, { zh: '乙' }, { retry: false }, { exit: 2 as const }]) {
      expect(renderCodesPage({ A: { ...row, ...other } })).not.toBe(page);
    }
    expect(renderCodesPage({ B: row })).not.toBe(page);
  });

  it('is equal to the table of codes (UPDATE_DOCS=1 rewrites it)', () => {
    const page = renderCodesPage(CODES);
    if (process.env.UPDATE_DOCS === '1') writeFileSync(join(ROOT, PAGE), page);
    expect(readPath(PAGE)).toBe(page);
  });
});
