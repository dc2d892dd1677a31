import { describe, expect, it } from 'vitest';
import { CLOCK_SOURCES, CLOCK_STATES, wait } from './clock.ts';
import { LimpidError } from './error.ts';
import { createSystemClock } from './system-clock.ts';

const clock = createSystemClock();

describe('the system clock', () => {
  it('never wakes early, even for fractions of a millisecond', async () => {
    const delaysMs = [0.1, 0.5, 1, 1.75, 2.5, 4, 4.01, 7.3];
    await Promise.all(
      Array.from({ length: 25 }, async (_, round) => {
        for (const delayMs of delaysMs) {
          const untilMs = clock.monoMs() + delayMs + round / 100;
          await clock.waitUntil(untilMs);
          expect(clock.monoMs()).toBeGreaterThanOrEqual(untilMs);
        }
      }),
    );
  });

  it('waits a span by the monotonic clock', async () => {
    const beforeMs = clock.monoMs();
    await wait(clock, 5);
    expect(clock.monoMs() - beforeMs).toBeGreaterThanOrEqual(5);
  });

  it('resolves at once for a time that has passed', async () => {
    await clock.waitUntil(clock.monoMs() - 1_000);
    await clock.waitUntil(Number.NEGATIVE_INFINITY);
  });

  it('rejects at once when the signal is aborted already', async () => {
    await expect(clock.waitUntil(0, AbortSignal.abort())).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('rejects a wait under way when it is aborted, also one that is longer than a timer can be', async () => {
    const stop = new AbortController();
    const waiting = [clock.waitUntil(Number.POSITIVE_INFINITY, stop.signal), wait(clock, 1e12, stop.signal)];
    stop.abort(new LimpidError('LEDGER_LOCKED', { pid: 1 }));
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: 'LEDGER_LOCKED' });
  });

  it('leaves nothing behind on a signal that outlives the wait', async () => {
    const stop = new AbortController();
    let listeners = 0;
    const counting = new Proxy(stop.signal, {
      get(signal, name) {
        if (name === 'addEventListener') listeners += 1;
        if (name === 'removeEventListener') listeners -= 1;
        const value: unknown = Reflect.get(signal, name, signal);
        return typeof value === 'function' ? value.bind(signal) : value;
      },
    });
    await wait(clock, 1, counting);
    expect(listeners).toBe(0);
  });

  it('tells wall time in ms of UTC and a monotonic clock that never goes back', () => {
    expect(clock.wallMs()).toBeGreaterThan(Date.UTC(2020, 0));
    let lastMs = clock.monoMs();
    for (let round = 0; round < 1_000; round += 1) {
      const nowMs = clock.monoMs();
      expect(nowMs).toBeGreaterThanOrEqual(lastMs);
      lastMs = nowMs;
    }
  });

  it('names the boot of the machine, the same for every clock', () => {
    expect(clock.osBootId()).toBe(createSystemClock().osBootId());
    if (process.platform === 'linux') expect(clock.osBootId()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('claims nothing about wall time unless somebody who knows tells it', () => {
    expect(clock.wallState()).toEqual({ state: CLOCK_STATES.unknown, errorMs: null, source: CLOCK_SOURCES.none });
    const known = { state: CLOCK_STATES.synchronised, errorMs: 3, source: CLOCK_SOURCES.ntp };
    expect(createSystemClock({ wallState: () => known }).wallState()).toBe(known);
  });
});
