import type { Clock } from '@limpid/sdk/core';

/** Seconds since the start of a scenario, which may run faster than the clock; both by constructor. */
export class ScenarioTime {
  readonly speed: number;
  readonly #clock: Clock;
  readonly #startMonoMs: number;
  readonly #startWallMs: number;

  constructor(clock: Clock, speed: number) {
    this.speed = speed;
    this.#clock = clock;
    this.#startMonoMs = clock.monoMs();
    this.#startWallMs = clock.wallMs();
  }

  nowS(): number {
    return ((this.#clock.monoMs() - this.#startMonoMs) / 1_000) * this.speed;
  }

  /** wall time of a moment of the scenario, s since 1970 UTC */
  wallS(atS: number): number {
    return this.#startWallMs / 1_000 + atS;
  }

  /** Resolves when the scenario has reached `atS`. */
  waitUntil(atS: number, signal: AbortSignal): Promise<void> {
    return this.#clock.waitUntil(this.#startMonoMs + (atS * 1_000) / this.speed, signal);
  }
}
