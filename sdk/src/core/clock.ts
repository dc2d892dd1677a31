/**
 * Time comes in by constructor: only `system-clock.ts` touches the real one. Wall time never orders anything, the
 * monotonic clock does; both and the state of the wall clock are signed into every entry.
 */
export interface Clock {
  /** ms since 1970-01-01 UTC, as the machine believes it */
  wallMs(): number;
  /** CLOCK_MONOTONIC in ms with fractions; comparable between processes of the same OS boot */
  monoMs(): number;
  /** what is known about the wall clock */
  wallState(): WallState;
  /** id of the OS boot that `monoMs` belongs to */
  osBootId(): string;
  /**
   * Resolves when `monoMs()` has reached `untilMonoMs`, never earlier. When aborted, rejects with the signal's reason
   * if that is a LimpidError, otherwise with STOPPED, which has the reason as its cause.
   */
  waitUntil(untilMonoMs: number, signal?: AbortSignal): Promise<void>;
}

export interface WallState {
  state: ClockState;
  /** greatest error of the wall clock in ms, where the source tells */
  errorMs: number | null;
  source: ClockSource;
}

export const CLOCK_STATES = { unknown: 0, realTimeClockOnly: 1, synchronised: 2, holdover: 3, gnss: 4 } as const;
export type ClockState = (typeof CLOCK_STATES)[keyof typeof CLOCK_STATES];

export const CLOCK_SOURCES = { none: 0, kernel: 1, ntp: 2, ptp: 3, gnss: 4, platform: 5 } as const;
export type ClockSource = (typeof CLOCK_SOURCES)[keyof typeof CLOCK_SOURCES];

/** Waits a number of ms by the monotonic clock. */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return clock.waitUntil(clock.monoMs() + ms, signal);
}
