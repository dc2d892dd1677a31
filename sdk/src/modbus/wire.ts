import type { LimpidError } from '../core/error.ts';
import type { LineCost, LineUsage, ReadRequest } from './line.ts';

/** What a wire counts while it works; the line shows it. */
export type WireCounters = Omit<LineUsage, 'open' | 'requests' | 'busyMs'>;

export function zeroCounters(): WireCounters {
  return { answers: 0, exceptions: 0, timeouts: 0, garbled: 0, lastAnswerMs: null };
}

/**
 * After so many time-outs with not one byte between them a connection is opened anew: a peer that lost its power says
 * nothing, and the kernel would go on trying for a quarter of an hour.
 */
export const DEAD_AFTER_TIMEOUTS = 3;

/** One request at a time over one transport; the line above queues, and opens again what was lost. */
export interface Wire {
  readonly cost: LineCost;
  readonly counters: WireCounters;
  /** Fails with a LINE_ code. `onLost` comes once after it had opened; a running exchange has failed before. */
  open(signal: AbortSignal, onLost: (fault: LimpidError) => void): Promise<void>;
  exchange(request: ReadRequest, timeoutMs: number): Promise<Uint16Array>;
  /** a running exchange fails with `fault` */
  close(fault: LimpidError): Promise<void>;
}

/** Newest answers count an eighth. What is shown moves only when it is off by more than a quarter, so plans hold. */
export class MeasuredMs {
  #shownMs: number;
  #meanMs: number | null = null;

  constructor(assumedMs: number) {
    this.#shownMs = assumedMs;
  }

  get shownMs(): number {
    return this.#shownMs;
  }

  add(measuredMs: number): void {
    const sample = Math.max(0, measuredMs);
    this.#meanMs = this.#meanMs === null ? sample : this.#meanMs + (sample - this.#meanMs) / 8;
    if (Math.abs(this.#meanMs - this.#shownMs) > this.#shownMs / 4) this.#shownMs = this.#meanMs;
  }
}
