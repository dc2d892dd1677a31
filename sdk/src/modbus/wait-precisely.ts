import type { Clock } from '../core/clock.ts';
import { assertRunning } from '../core/lifecycle.ts';

/** A timer of n ms comes up to one later than asked; this much before the moment the event loop is turned instead. */
const SPIN_MS = 1.1;

/**
 * Resolves when the monotonic clock has reached `untilMonoMs`: never before, and not a timer's grain after it. At
 * 115200 Bd a frame's silence is 1.75 ms, so a whole millisecond of lateness would cost a tenth of the line.
 */
export async function waitPrecisely(clock: Clock, untilMonoMs: number, signal?: AbortSignal): Promise<void> {
  if (untilMonoMs - clock.monoMs() > SPIN_MS) await clock.waitUntil(untilMonoMs - SPIN_MS, signal);
  while (clock.monoMs() < untilMonoMs) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    assertRunning(signal);
  }
}
