import { type BackoffSchedule, backoffDelayMs, DEFAULT_BACKOFF } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { PlannedRead } from './plan.ts';

/** So many garbled answers of one read in a row may be noise. */
const GARBLED_TOLERATED = 1;

/**
 * Many instruments do not refuse registers that they do not have: they say nothing. So a time-out may mean one read and
 * not the unit. A read that was not answered is asked after the others, and as a probe only when all others failed, too.
 * When it stays without an answer in a scan in which the unit answered something else, it alone is backed off. So is one
 * that is garbled each time it is asked, which takes as long as silence.
 */
export class MuteReads {
  /** `failures`: in a row, in scans in which the unit spoke */
  readonly #byShape = new Map<string, { failures: number; nextMonoMs: number }>();
  readonly #garbledInARow = new Map<string, number>();
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
    if (this.#garbledInARow.size > 0) this.#garbledInARow.delete(shapeOf(read));
  }

  /** True when the silence is this read's own, and known: it says nothing about the unit. */
  silent(read: PlannedRead, hasUnitSpoken: boolean): boolean {
    const before = this.#byShape.get(shapeOf(read))?.failures ?? 0;
    this.#failed(read, hasUnitSpoken ? before + 1 : before);
    return hasUnitSpoken && before > 0;
  }

  /** What was garbled in a scan in which the unit answered something else. */
  garbled(reads: readonly PlannedRead[]): void {
    for (const read of reads) {
      const inARow = (this.#garbledInARow.get(shapeOf(read)) ?? 0) + 1;
      this.#garbledInARow.set(shapeOf(read), inARow);
      if (inARow > GARBLED_TOLERATED) this.#failed(read, inARow - GARBLED_TOLERATED);
    }
  }

  /** Whether garbage is what this read always gives: it says nothing about the unit. */
  isAlwaysGarbled(read: PlannedRead): boolean {
    return (this.#garbledInARow.get(shapeOf(read)) ?? 0) > GARBLED_TOLERATED;
  }

  #failed(read: PlannedRead, failures: number): void {
    const waitMs = failures > 0 ? backoffDelayMs(this.#backoff, failures, this.#random) : 0;
    this.#byShape.set(shapeOf(read), { failures, nextMonoMs: this.#clock.monoMs() + waitMs });
  }
}

function shapeOf({ fn, address, count }: PlannedRead): string {
  return `${fn}:${address}:${count}`;
}
