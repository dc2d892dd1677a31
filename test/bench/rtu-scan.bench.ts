import { expect, it } from 'vitest';
import { type RtuScanResult, scanRtu } from './rtu-scan.ts';

const results: RtuScanResult[] = [];

it.each([9_600, 115_200])('scans 60 values at %d Bd at the pace of the wire', async (baudRate) => {
  for (const naive of [true, false]) results.push(await scanRtu({ baudRate, scans: naive ? 3 : 15, naive }));
  const best = results.at(-1)!;
  expect(best).toMatchObject({ early: 0, wrong: 0 });
  expect(best.measuredMs / best.modelMs).toBeLessThanOrEqual(baudRate > 19_200 ? 1.05 : 1.02);
});

it('prints what was measured', () => {
  console.log(
    '| Bd | plan | requests | measured ms | model ms | ratio | inside the silence |\n|---|---|---|---|---|---|---|',
  );
  for (const each of results) {
    const ratio = (each.measuredMs / each.modelMs).toFixed(3);
    const cells = [each.baudRate, each.plan, each.requests, each.measuredMs.toFixed(1), each.modelMs.toFixed(1), ratio];
    console.log(`| ${cells.join(' | ')} | ${each.early} |`);
  }
});
