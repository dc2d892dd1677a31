import type { Clock } from '../core/clock.ts';
import { isLimpidError } from '../core/error.ts';

/**
 * One deadline that is set and cleared thousands of times a second: the sleeper under it stays where it is and looks,
 * when it wakes, whether there still is something to wait for.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #expire: () => void;
  readonly #signal: AbortSignal;
  #untilMs = Number.POSITIVE_INFINITY;
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, signal: AbortSignal, expire: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#expire = expire;
  }

  set(untilMonoMs: number): void {
    this.#untilMs = untilMonoMs;
    if (untilMonoMs < this.#wakeMs) this.#sleep(untilMonoMs);
  }

  clear(): void {
    this.#untilMs = Number.POSITIVE_INFINITY;
  }

  #sleep(wakeMs: number): void {
    this.#wakeMs = wakeMs;
    this.#clock.waitUntil(wakeMs, this.#signal).then(
      () => this.#woke(wakeMs),
      (fault: unknown) => {
        // Stopped: whoever owns the deadline settles what waited for it.
        if (!isLimpidError(fault, 'STOPPED') && !this.#signal.aborted) throw fault;
      },
    );
  }

  #woke(wakeMs: number): void {
    if (wakeMs !== this.#wakeMs) return; // a nearer sleeper has taken over
    this.#wakeMs = Number.POSITIVE_INFINITY;
    if (this.#untilMs === Number.POSITIVE_INFINITY) return;
    if (this.#clock.monoMs() < this.#untilMs) {
      this.#sleep(this.#untilMs);
      return;
    }
    this.#untilMs = Number.POSITIVE_INFINITY;
    this.#expire();
  }
}
