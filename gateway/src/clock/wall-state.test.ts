import { CLOCK_SOURCES, CLOCK_STATES } from '@limpid/sdk/core';
import { describe, expect, it } from 'vitest';
import { parseChronyTracking, readWallState, WallStateWatch } from './wall-state.ts';

const TRACKING =
  'C0A80101,192.168.1.1,3,1763899200.123456789,-0.000012345,0.000001000,0.000020000,-12.345,0.001,0.100,0.010000000,0.002000000,64.2,Normal\n';

describe('the state of the wall clock', () => {
  it('takes the error bound from chrony: offset, dispersion and half the delay', () => {
    expect(parseChronyTracking(TRACKING)).toEqual({
      state: CLOCK_STATES.synchronised,
      errorMs: 8,
      source: CLOCK_SOURCES.ntp,
    });
    expect(parseChronyTracking(TRACKING.replace('Normal', 'Not synchronised'))).toBeNull();
    expect(parseChronyTracking('506 Cannot talk to daemon')).toBeNull();
  });

  it('asks the kernel through systemd where there is no chrony', async () => {
    const run = async (program: string) => (program === 'timedatectl' ? 'yes\n' : null);
    expect(await readWallState(run, () => true)).toMatchObject({ state: CLOCK_STATES.synchronised, errorMs: null });
  });

  it('is real-time clock only, or unknown, where nobody keeps it', async () => {
    const nobody = async () => null;
    expect((await readWallState(nobody, () => true)).state).toBe(CLOCK_STATES.realTimeClockOnly);
    expect((await readWallState(nobody, () => false)).state).toBe(CLOCK_STATES.unknown);
  });

  it('becomes holdover when synchronisation is lost', async () => {
    let answer: string | null = TRACKING;
    const run = async (program: string) => (program === 'chronyc' ? answer : null);
    const watch = new WallStateWatch({ maximumErrorMs: 1_000, run });
    await watch.start();
    expect(watch.state().state).toBe(CLOCK_STATES.synchronised);
    answer = null;
    await watch.look();
    expect(watch.state()).toMatchObject({ state: CLOCK_STATES.holdover, source: CLOCK_SOURCES.ntp, errorMs: null });
    await watch.look();
    expect(watch.state().state).toBe(CLOCK_STATES.holdover);
  });

  it('does not count a clock as synchronised that may be off by more than the site allows', async () => {
    const run = async (program: string) => (program === 'chronyc' ? TRACKING : null);
    const watch = new WallStateWatch({ maximumErrorMs: 5, run });
    await watch.start();
    expect(watch.state()).toMatchObject({ state: CLOCK_STATES.realTimeClockOnly, errorMs: 8 });
  });
});
