/** A retry schedule is data; whoever retries owns the loop. */
export interface BackoffSchedule {
  initialMs: number;
  maximumMs: number;
  /** growth per failure */
  factor: number;
  /** 0..1: the share of each delay that is drawn at random, so that a fleet does not retry in step */
  jitter: number;
}

export const DEFAULT_BACKOFF: BackoffSchedule = { initialMs: 1_000, maximumMs: 60_000, factor: 2, jitter: 0.2 };

/** ms to wait after the n-th failure in a row (n from 1). `random` gives 0 ≤ x < 1. */
export function backoffDelayMs(schedule: BackoffSchedule, failures: number, random: () => number): number {
  const full = Math.min(schedule.maximumMs, schedule.initialMs * schedule.factor ** Math.max(0, failures - 1));
  return full * (1 - schedule.jitter * random());
}
