import { readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 100;

/** Resident memory of a process now (VmRSS), MiB. */
export function residentMiB(pid: number): number {
  return kilobytes(pid, 'VmRSS') / 1024;
}

/** The most it ever was (VmHWM), MiB. */
export function peakMiB(pid: number): number {
  return kilobytes(pid, 'VmHWM') / 1024;
}

/** Processor time of a process so far, all threads, in ms (user and system; the kernel counts in hundredths). */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Watches resident memory until it is stopped. */
export class MemoryWatch {
  readonly samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.samples.push(residentMiB(pid));
    this.#timer = setInterval(() => this.samples.push(residentMiB(pid)), SAMPLE_EVERY_MS);
  }

  /** The highest sample, MiB. */
  stop(): number {
    clearInterval(this.#timer);
    return Math.max(...this.samples);
  }
}

function kilobytes(pid: number, row: string): number {
  const found = new RegExp(`^${row}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (found?.[1] === undefined) throw new Error(`/proc/${pid}/status has no ${row}`);
  return Number(found[1]);
}
