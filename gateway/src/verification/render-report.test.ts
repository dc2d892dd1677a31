import type { Report } from '@limpid/sdk/ledger/seal';
import { expect, it } from 'vitest';
import { renderReport } from './render-report.ts';

const report: Report = {
  verdict: 'manipulated',
  exitCode: 1,
  checked: 'everything',
  findings: Array.from({ length: 25 }, (_, seq) => ({
    code: 'signature-wrong' as const,
    seq,
    file: '0000000000000000.seg',
    offset: 100 + seq,
    text: 'the signature does not fit',
  })),
  furtherFindings: 3,
  ledger: '0123456789abcdef',
  firstSeq: 0,
  size: 30,
  root: null,
  entries: 30,
  readings: 300,
  keyId: 'aa',
  fromWallMs: 0,
  toWallMs: 1000,
  tornBytes: 12,
};

it('tells the verdict first, then what it covers, then each finding with its place', () => {
  const lines = renderReport(report);
  expect(lines[0]).toBe('MANIPULATION PROVEN: ledger 0123456789abcdef');
  expect(lines[1]).toContain('entries 0..29, 300 readings');
  expect(lines[2]).toContain('12 bytes at the end');
  expect(lines[3]).toBe('  signature-wrong  sequence 0, 0000000000000000.seg, offset 100: the signature does not fit');
  expect(lines.at(-1)).toContain('8 more');
});

it('never calls a ledger verified without saying that only its order was checked, and what was not', () => {
  const lines = renderReport({ ...report, verdict: 'verified', exitCode: 0, findings: [], checked: 'order' });
  expect(lines[0]).toBe('order only, verified: ledger 0123456789abcdef');
  expect(lines[2]).toContain('not checked: readings against what was signed, values against raw words, silence');
  expect(renderReport(report).join()).not.toContain('not checked');
});
