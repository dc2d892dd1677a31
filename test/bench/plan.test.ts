import { describe, expect, it } from 'vitest';
import { run } from './plan.ts';

describe('the bench of the read planner', () => {
  it('finds no fixed rule that is cheaper, and all values back within two scans of undeclared holes', async () => {
    const lines: string[] = [];
    const bench = await run({ print: (line) => lines.push(line) });
    for (const { layout, baudRate, scanMs } of bench.plans) {
      const ours = bench.plans.find(
        (row) => row.plan === 'limpid' && row.layout === layout && row.baudRate === baudRate,
      );
      expect(ours?.scanMs).toBeLessThanOrEqual(scanMs);
    }
    for (const { scans, bestMs } of bench.holes) {
      expect(scans.slice(1).every((scan) => scan.values === 60)).toBe(true);
      expect(scans.at(-1)?.scanMs).toBeCloseTo(bestMs, 6);
    }
    expect(lines.length).toBeGreaterThan(20);
  });
});
