import { CLOCK_STATES, type Clock, LimpidError } from '@limpid/sdk/core';
import { faultFields, type Logger } from '../run/log.ts';

/** A wall clock that moved by this much against the monotonic one was set; less is drift or a slew. */
const STEP_MS = 1_000;

/** Tells in the log what the ledger signs: that the wall clock is not to be relied on, or that somebody moved it. */
export class ClockLog {
  readonly #clock: Clock;
  readonly #log: Pick<Logger, 'info' | 'warn'>;
  #offsetMs: number;
  #sure: boolean | null = null;

  constructor(clock: Clock, log: Pick<Logger, 'info' | 'warn'>) {
    this.#clock = clock;
    this.#log = log;
    this.#offsetMs = clock.wallMs() - clock.monoMs();
  }

  /** Called with every poll. */
  look(): void {
    this.#lookAtState();
    const offsetMs = this.#clock.wallMs() - this.#clock.monoMs();
    const stepMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (Math.abs(stepMs) < STEP_MS) return;
    const fault = new LimpidError('CLOCK_STEPPED', { seconds: (stepMs / 1000).toFixed(1) });
    this.#log.warn(faultFields(fault), 'clock stepped');
  }

  #lookAtState(): void {
    const { state } = this.#clock.wallState();
    const sure = state >= CLOCK_STATES.synchronised;
    if (sure === this.#sure) return;
    const first = this.#sure === null;
    this.#sure = sure;
    const name = Object.entries(CLOCK_STATES).find(([, number]) => number === state)?.[0] ?? String(state);
    if (!sure) this.#log.warn(faultFields(new LimpidError('CLOCK_UNKNOWN', { state: name })), 'clock unsure');
    else if (!first) this.#log.info({ state: name }, 'clock synchronised');
  }
}
