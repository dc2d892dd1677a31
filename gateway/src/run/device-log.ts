import type { Poll } from '@limpid/sdk/acquire';
import type { Clock } from '@limpid/sdk/core';
import { faultFields, type Logger } from './log.ts';

interface Told {
  /** '' while it answers */
  code: string;
  /** when the newest lines were written */
  monoMs: number[];
}

/** A device that comes and goes is told at most so often; what it gives is in the ledger anyway. */
const MOST_LINES = 6;
const SPAN_MS = 60_000;

/** Says once that a device stopped answering, and once that it is back: not once per poll. */
export class DeviceLog {
  readonly #log: Pick<Logger, 'info' | 'warn'>;
  readonly #clock: Pick<Clock, 'monoMs'>;
  readonly #told = new Map<string, Told>();

  constructor(log: Pick<Logger, 'info' | 'warn'>, clock: Pick<Clock, 'monoMs'>) {
    this.#log = log;
    this.#clock = clock;
  }

  poll({ device, readings, fault }: Poll): void {
    const before = this.#told.get(device);
    const code = fault?.code ?? '';
    if (code === (before?.code ?? '')) return;
    // A unit that is silent or garbled is backed off by the next polls: the same fault, told already.
    if (code === 'DEVICE_BACKED_OFF' && before !== undefined && before.code !== '') return;
    const now = this.#clock.monoMs();
    const recent = before?.monoMs.filter((monoMs) => now - monoMs < SPAN_MS) ?? [];
    if (recent.length >= MOST_LINES) return;
    this.#told.set(device, { code, monoMs: [...recent, now] });
    if (fault === null) this.#log.info({ device }, 'device answers again');
    else {
      const some = readings.some(({ raw }) => raw !== null);
      const what = some ? 'some readings of the device are missing' : 'device gives no reading';
      this.#log.warn({ device, ...faultFields(fault) }, what);
    }
  }
}
