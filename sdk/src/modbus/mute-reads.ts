import { type BackoffSchedule, backoffDelayMs, DEFAULT_BACKOFF } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { PlannedRead } from './plan.ts';

/**
 * Many instruments do not refuse registers that they do not have: they say nothing. So a time-out may mean one read and
 * not the unit. A read that was not answered is asked after the others, and as a probe only when all others failed, too.
 * When it stays without an answer in a scan in which the unit answered something else, it alone is backed off.
 */
export class MuteReads {
  /** `failures`: in a row, in scans in which the unit spoke */
  readonly #byShape = new Map<string, { failures: number; nextMonoMs: number }>();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: BackoffSchedule;

  constructor(options: { clock: Clock; random: () => number; backoff?: BackoffSchedule | undefined }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
  }

  /** ms until the read may be asked again; 0 for one that may be asked now. */
  waitMs(read: PlannedRead): number {
    const known = this.#byShape.get(shapeOf(read));
    return known === undefined ? 0 : Math.max(0, known.nextMonoMs - this.#clock.monoMs());
  }

  /** The reads that are answered first, otherwise in the order given. */
  sorted(reads: readonly PlannedRead[]): PlannedRead[] {
    if (this.#byShape.size === 0) return [...reads];
    const failuresOf = (read: PlannedRead) => this.#byShape.get(shapeOf(read))?.failures ?? -1;
    return [...reads].sort((a, b) => failuresOf(a) - failuresOf(b));
  }

  answered(read: PlannedRead): void {
    if (this.#byShape.size > 0) this.#byShape.delete(shapeOf(read));
  }

  /** True when the silence is this read's own, and known: it says nothing about the unit. */
  silent(read: PlannedRead, hasUnitSpoken: boolean): boolean {
    const before = this.#byShape.get(shapeOf(read))?.failures ?? 0;
    const failures = hasUnitSpoken ? before + 1 : before;
    const waitMs = hasUnitSpoken ? backoffDelayMs(this.#backoff, failures, this.#random) : 0;
    this.#byShape.set(shapeOf(read), { failures, nextMonoMs: this.#clock.monoMs() + waitMs });
    return hasUnitSpoken && before > 0;
  }
}

function shapeOf({ fn, address, count }: PlannedRead): string {
  return `${fn}:${address}:${count}`;
}
