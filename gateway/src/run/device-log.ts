import type { Poll } from '@limpid/sdk/acquire';
import type { Logger } from './log.ts';
import { faultFields } from './log.ts';

/** Says once that a device or line stopped answering, and once that it is back: not once per poll. */
export class DeviceLog {
  readonly #log: Pick<Logger, 'info' | 'warn'>;
  readonly #faults = new Map<string, string>();

  constructor(log: Pick<Logger, 'info' | 'warn'>) {
    this.#log = log;
  }

  poll({ device, fault }: Poll): void {
    const before = this.#faults.get(device);
    if (fault === null) {
      if (before === undefined) return;
      this.#faults.delete(device);
      this.#log.info({ device }, 'device answers again');
      return;
    }
    // A unit that is silent or garbled is backed off by the next polls: the same fault, told already.
    if (fault.code === 'DEVICE_BACKED_OFF' && before !== undefined) return;
    if (before === fault.code) return;
    this.#faults.set(device, fault.code);
    this.#log.warn({ device, ...faultFields(fault) }, 'device gives no good reading');
  }
}
