import type { Clock } from '@limpid/sdk/core';
import type { Line } from '@limpid/sdk/modbus';
import type { LineStatus } from './status.ts';

const WINDOW_MS = 30_000;

interface Sample {
  monoMs: number;
  busyMs: number;
}

/** How busy a line has been lately, from the counters that it keeps anyway. */
export class LineUse {
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #samples: Sample[] = [];

  constructor(line: Line, clock: Clock) {
    this.#line = line;
    this.#clock = clock;
    this.sample();
  }

  sample(): void {
    const monoMs = this.#clock.monoMs();
    this.#samples.push({ monoMs, busyMs: this.#line.usage().busyMs });
    while (this.#samples.length > 2 && monoMs - this.#samples[1]!.monoMs >= WINDOW_MS) this.#samples.shift();
  }

  status(): LineStatus {
    this.sample();
    const { open, requests, timeouts, exceptions, garbled, lastAnswerMs } = this.#line.usage();
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    const spanMs = last.monoMs - first.monoMs;
    const usePercent = spanMs > 0 ? Math.min(100, (100 * (last.busyMs - first.busyMs)) / spanMs) : 0;
    return {
      name: this.#line.name,
      open,
      usePercent: Math.round(usePercent * 10) / 10,
      requests,
      timeouts,
      exceptions,
      garbled,
      lastAnswerMs: lastAnswerMs === null ? null : Math.round(lastAnswerMs * 10) / 10,
    };
  }
}
