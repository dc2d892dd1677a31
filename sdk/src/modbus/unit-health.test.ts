import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { UnitHealth } from './unit-health.ts';

const backoff = { initialMs: 1_000, maximumMs: 8_000, factor: 2, jitter: 0 };

describe('UnitHealth', () => {
  let clock: FakeClock;
  let health: UnitHealth;
  beforeEach(() => {
    clock = new FakeClock();
    health = new UnitHealth({ clock, random: () => 0, backoff });
  });

  it('lets a unit that answers be asked freely', () => {
    expect(health.ask()).toEqual({ kind: 'free' });
    health.answered();
    expect(health.ask()).toEqual({ kind: 'free' });
    expect(health.silentSinceMonoMs).toBeNull();
  });

  it('gives one probe per period, and the periods grow up to the greatest', () => {
    const periodsMs = [1_000, 2_000, 4_000, 8_000, 8_000];
    health.silent();
    for (const periodMs of periodsMs) {
      clock.mono += periodMs - 1;
      expect(health.ask()).toEqual({ kind: 'wait', nextMs: 1 });
      clock.mono += 1;
      expect(health.ask()).toEqual({ kind: 'probe' });
      health.silent();
    }
  });

  it('gives no second probe while one is out, and gives it again when the first said nothing', () => {
    health.silent();
    clock.mono += 1_000;
    expect(health.ask()).toEqual({ kind: 'probe' });
    expect(health.ask()).toEqual({ kind: 'wait', nextMs: 0 });
    health.release();
    expect(health.ask()).toEqual({ kind: 'probe' });
  });

  it('ends the silence with the first answer, and begins anew with the next time-out', () => {
    const firstMs = clock.mono;
    health.silent();
    clock.mono += 5_000;
    health.silent();
    expect(health.silentSinceMonoMs).toBe(firstMs);
    health.answered();
    expect(health.ask()).toEqual({ kind: 'free' });
    health.silent();
    expect(health.ask()).toEqual({ kind: 'wait', nextMs: 1_000 });
  });
});
