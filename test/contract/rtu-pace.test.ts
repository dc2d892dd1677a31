import { describe, expect, it } from 'vitest';
import { scanRtu } from '../bench/rtu-scan.ts';

// The long form with medians is test/bench/rtu-scan.bench.ts; other tests share the machine, so here one undisturbed scan is enough.
describe('the pace of a serial line', () => {
  it.each([
    { baudRate: 9_600, scans: 15, most: 1.02 },
    { baudRate: 115_200, scans: 100, most: 1.05 },
  ])('reads 60 values at $baudRate Bd within $most of the wire and never inside the silence', async (pace) => {
    const result = await scanRtu({ ...pace, enough: pace.most });
    expect(result).toMatchObject({ early: 0, wrong: 0 });
    expect(result.fastestMs / result.modelMs).toBeLessThanOrEqual(pace.most);
    // Faster than the wire would mean that the device end does not keep the pace.
    expect(result.fastestMs / result.modelMs).toBeGreaterThan(0.97);
  });
});
