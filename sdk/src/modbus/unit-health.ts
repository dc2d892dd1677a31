import { type BackoffSchedule, backoffDelayMs, DEFAULT_BACKOFF } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';

/** Whether a unit may be asked now: freely, with one request to see whether it is back, or not before `nextMs` ms. */
export type Leave = { kind: 'free' } | { kind: 'probe' } | { kind: 'wait'; nextMs: number };

/**
 * Whether the unit at one address of a line answers. A time-out makes it silent; a silent unit is asked once per
 * back-off period, so that it costs its neighbours on the line one time-out in that period and no more. Any answer ends
 * the silence at once, also an exception: the unit is there. Whoever reads the same unit shares this object.
 */
export class UnitHealth {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: BackoffSchedule;
  #failures = 0;
  #nextMonoMs = 0;
  #silentSinceMonoMs: number | null = null;
  #probing = false;

  constructor(options: { clock: Clock; random: () => number; backoff?: BackoffSchedule }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
  }

  /** monotonic ms of the first time-out of the present silence, null while the unit answers */
  get silentSinceMonoMs(): number | null {
    return this.#silentSinceMonoMs;
  }

  /** Takes the leave to ask. Whoever was given a probe ends it by `answered`, `silent` or `release`. */
  ask(): Leave {
    if (this.#failures === 0) return { kind: 'free' };
    const nextMs = Math.max(0, this.#nextMonoMs - this.#clock.monoMs());
    if (nextMs > 0 || this.#probing) return { kind: 'wait', nextMs };
    this.#probing = true;
    return { kind: 'probe' };
  }

  answered(): void {
    this.#failures = 0;
    this.#silentSinceMonoMs = null;
    this.#probing = false;
  }

  silent(): void {
    const nowMs = this.#clock.monoMs();
    this.#failures += 1;
    this.#silentSinceMonoMs ??= nowMs;
    this.#nextMonoMs = nowMs + backoffDelayMs(this.#backoff, this.#failures, this.#random);
    this.#probing = false;
  }

  /** The probe said nothing of the unit: the line failed, or the scan was stopped. */
  release(): void {
    this.#probing = false;
  }
}
