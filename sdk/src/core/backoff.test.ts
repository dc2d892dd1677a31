import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs, DEFAULT_BACKOFF } from './backoff.ts';

const unjittered = { initialMs: 100, maximumMs: 1_000, factor: 2, jitter: 0 };

describe('backoffDelayMs', () => {
  it('starts at the initial delay, grows by the factor and stops at the maximum', () => {
    const delays = [1, 2, 3, 4, 5, 6].map((failures) => backoffDelayMs(unjittered, failures, () => 0));
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('stays at the maximum however often it failed', () => {
    expect(backoffDelayMs(unjittered, 1e6, () => 0)).toBe(1_000);
  });

  it('takes no failure as the first one', () => {
    expect(backoffDelayMs(unjittered, 0, () => 0)).toBe(100);
  });

  it('draws only the jittered share at random and never exceeds the full delay', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, chance) => {
        const full = backoffDelayMs(DEFAULT_BACKOFF, failures, () => 0);
        const drawn = backoffDelayMs(DEFAULT_BACKOFF, failures, () => chance);
        expect(drawn).toBeLessThanOrEqual(full);
        expect(drawn).toBeGreaterThanOrEqual(full * (1 - DEFAULT_BACKOFF.jitter));
      }),
    );
    expect(backoffDelayMs({ ...unjittered, jitter: 0.5 }, 1, () => 0.5)).toBe(75);
  });
});
