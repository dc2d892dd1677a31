import type { Reading } from '@limpid/sdk/core';
import { type ReadingReport, reportReading } from './reading-report.ts';

/** The newest sealed reading of every channel. Nothing stands here that is not already on the disk. */
export class LiveBoard {
  readonly #newest = new Map<number, ReadingReport>();
  readonly #watchers = new Set<() => void>();
  #version = 0;

  sealed(readings: Iterable<Reading>, seq: number): void {
    for (const reading of readings) this.#newest.set(reading.channel.id, reportReading(reading, seq));
    this.#version += 1;
    for (const wake of this.#watchers) wake();
  }

  values(): ReadingReport[] {
    return [...this.#newest].sort(([a], [b]) => a - b).map(([, report]) => report);
  }

  /** The values now and after every change; a slow reader skips to the newest. */
  async *follow(signal: AbortSignal): AsyncGenerator<ReadingReport[]> {
    let wake = () => {};
    const onChange = () => wake();
    this.#watchers.add(onChange);
    signal.addEventListener('abort', onChange);
    try {
      let seen = -1;
      while (!signal.aborted) {
        if (seen === this.#version) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        seen = this.#version;
        yield this.values();
      }
    } finally {
      this.#watchers.delete(onChange);
      signal.removeEventListener('abort', onChange);
    }
  }
}
