import type { Reading } from '@limpid/sdk/core';
import { type ReadingReport, reportReading } from './reading-report.ts';

/** The newest sealed reading of every channel. Nothing stands here that is not already on the disk. */
export class LiveBoard {
  readonly #newest = new Map<number, ReadingReport>();

  sealed(readings: Iterable<Reading>, seq: number): void {
    for (const reading of readings) this.#newest.set(reading.channel.id, reportReading(reading, seq));
  }

  /** in the order of the channel table */
  values(): ReadingReport[] {
    return [...this.#newest].sort(([a], [b]) => a - b).map(([, report]) => report);
  }
}
