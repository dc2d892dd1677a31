import type { Poll } from '@limpid/sdk/acquire';
import type { Logger } from './log.ts';
import { faultFields } from './log.ts';

/** Says once that a device or line stopped answering, and once that it is back: not once per poll. */
export class DeviceLog {
  readonly #log: Logger;
  readonly #faults = new Map<string, string>();

  constructor(log: Logger) {
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
    // A silent unit is backed off by the next poll: the same fault, told already.
    const code = fault.code === 'DEVICE_BACKED_OFF' ? 'DEVICE_SILENT' : fault.code;
    if (before === code) return;
    this.#faults.set(device, code);
    this.#log.warn({ device, ...faultFields(fault) }, 'device gives no good reading');
  }
}
