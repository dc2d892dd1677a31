import { readFileSync } from 'node:fs';
import { CLOCK_SOURCES, CLOCK_STATES, type Clock, type WallState } from './clock.ts';
import { stopped } from './lifecycle.ts';

/** The one place that reads the real clocks and sets real timers. */
export function createSystemClock(options: { wallState?: () => WallState } = {}): Clock {
  const bootId = readBootId();
  return {
    wallMs: () => Date.now(),
    monoMs,
    wallState:
      options.wallState ?? (() => ({ state: CLOCK_STATES.unknown, errorMs: null, source: CLOCK_SOURCES.none })),
    osBootId: () => bootId,
    waitUntil,
  };
}

/** libuv's hrtime is CLOCK_MONOTONIC on Linux, so processes of one OS boot share it. */
function monoMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Timers fire up to a millisecond early (setTimeout(4) from 3.1 ms on): look at the clock and wait again. */
function waitUntil(untilMonoMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(stopped(signal));
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => {
      clearTimeout(timer);
      reject(stopped(signal));
    };
    const check = () => {
      const restMs = untilMonoMs - monoMs();
      if (restMs > 0) {
        timer = setTimeout(check, Math.min(restMs, 2 ** 30));
        return;
      }
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    check();
  });
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // not Linux: starts are then never comparable by their monotonic clock
  }
}
