import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CLOCK_SOURCES, CLOCK_STATES, type Clock, type Service, type WallState, wait } from '@limpid/sdk/core';

/** Runs a program and gives its standard output, or null when it is missing or fails. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string | null>;

const CHECK_EVERY_MS = 60_000;
const PROGRAM_TIMEOUT_MS = 5_000;

const UNKNOWN: WallState = { state: CLOCK_STATES.unknown, errorMs: null, source: CLOCK_SOURCES.none };

/**
 * What the machine knows about its wall clock. chrony says it with an error bound; systemd says what the kernel says
 * (NTPSynchronized is adjtimex without STA_UNSYNC, whoever disciplines the clock); a machine with neither but with a
 * battery-backed clock is "real-time clock only".
 */
export async function readWallState(run: RunProgram, exists: (path: string) => boolean): Promise<WallState> {
  const tracking = await run('chronyc', ['-c', 'tracking']);
  const chrony = tracking === null ? null : parseChronyTracking(tracking);
  if (chrony !== null) return chrony;
  const kernel = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if (kernel?.trim() === 'yes') {
    return { state: CLOCK_STATES.synchronised, errorMs: null, source: CLOCK_SOURCES.kernel };
  }
  return exists('/dev/rtc0') ? { ...UNKNOWN, state: CLOCK_STATES.realTimeClockOnly } : UNKNOWN;
}

/**
 * `chronyc -c tracking`: fields 5 system time offset, 11 root delay, 12 root dispersion (s), 14 leap status. The clock
 * is off by at most offset + dispersion + delay / 2 (chronyc manual, "tracking").
 */
export function parseChronyTracking(text: string): WallState | null {
  const fields = text.trim().split(',');
  if (fields.length < 14 || fields[13] === 'Not synchronised') return null;
  const [offsetS, delayS, dispersionS] = [fields[4], fields[10], fields[11]].map(Number);
  const errorS = Math.abs(offsetS ?? Number.NaN) + (dispersionS ?? Number.NaN) + (delayS ?? Number.NaN) / 2;
  if (!Number.isFinite(errorS)) return null;
  return { state: CLOCK_STATES.synchronised, errorMs: Math.ceil(errorS * 1000), source: CLOCK_SOURCES.ntp };
}

/** Looks once a minute; a clock that was synchronised and no longer is counts as holdover. */
export class WallStateWatch implements Service {
  readonly #run: RunProgram;
  readonly #maximumErrorMs: number;
  #state: WallState = UNKNOWN;
  #stop = new AbortController();

  /** A clock that may be off by more than `maximumErrorMs` does not count as synchronised. */
  constructor(options: { maximumErrorMs: number; run?: RunProgram }) {
    this.#run = options.run ?? runProgram;
    this.#maximumErrorMs = options.maximumErrorMs;
  }

  state = (): WallState => this.#state;

  async start(): Promise<void> {
    await this.look();
  }

  /** Goes on looking until it is stopped. */
  async follow(clock: Clock): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await wait(clock, CHECK_EVERY_MS, signal);
      } catch {
        return; // stopped
      }
      await this.look();
    }
  }

  async look(): Promise<void> {
    const found = await readWallState(this.#run, existsSync);
    const tooFar = found.errorMs !== null && found.errorMs > this.#maximumErrorMs;
    const next = tooFar ? { ...found, state: CLOCK_STATES.realTimeClockOnly } : found;
    const lost = this.#state.state >= CLOCK_STATES.synchronised && next.state < CLOCK_STATES.synchronised;
    this.#state = lost ? { ...this.#state, state: CLOCK_STATES.holdover, errorMs: null } : next;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
  }
}

function runProgram(program: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: PROGRAM_TIMEOUT_MS }, (fault, stdout) => resolve(fault ? null : stdout));
  });
}
