import { CLOCK_SOURCES, CLOCK_STATES, type Clock, stopped, type WallState } from '@limpid/sdk/core';

interface Sleeper {
  untilMonoMs: number;
  wake: () => void;
}

/** A clock that stands still until a test moves it. Sleepers wake in the order of their time. */
export class FakeClock implements Clock {
  wall: number;
  mono: number;
  bootId = 'fake-boot';
  state: WallState = { state: CLOCK_STATES.synchronised, errorMs: 10, source: CLOCK_SOURCES.ntp };
  readonly #sleepers = new Set<Sleeper>();

  constructor(start: { wallMs?: number; monoMs?: number } = {}) {
    this.wall = start.wallMs ?? Date.UTC(2026, 10, 23, 4);
    this.mono = start.monoMs ?? 1_000_000;
  }

  wallMs = () => this.wall;
  monoMs = () => this.mono;
  wallState = () => this.state;
  osBootId = () => this.bootId;

  waitUntil(untilMonoMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(stopped(signal));
      if (untilMonoMs <= this.mono) return resolve();
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(stopped(signal));
      };
      const sleeper = {
        untilMonoMs,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Moves both clocks on, stopping at each sleeper on the way and letting what it started run. */
  async advance(ms: number): Promise<void> {
    const endMs = this.mono + ms;
    await settle();
    for (;;) {
      const next = [...this.#sleepers].sort((a, b) => a.untilMonoMs - b.untilMonoMs)[0];
      if (next === undefined || next.untilMonoMs > endMs) break;
      this.#moveTo(Math.max(this.mono, next.untilMonoMs));
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#moveTo(endMs);
    await settle();
  }

  #moveTo(monoMs: number): void {
    this.wall += monoMs - this.mono;
    this.mono = monoMs;
  }
}

/** Lets everything that is ready run, without touching the clock. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
