import type { LimpidError } from '../../core/error.ts';
import type { UplinkFault } from '../uplink.ts';

/** What can be wrong at the same time; the first that is tells. */
const CONCERNS = ['receipt', 'connection', 'progress', 'subscriber'] as const;
export type Concern = (typeof CONCERNS)[number];

export class FaultBoard {
  readonly #faults = new Map<Concern, LimpidError>();

  set(concern: Concern, fault: LimpidError | null): void {
    if (fault === null) this.#faults.delete(concern);
    else this.#faults.set(concern, fault);
  }

  worst(): UplinkFault | null {
    for (const concern of CONCERNS) {
      const fault = this.#faults.get(concern);
      if (fault !== undefined) return { code: fault.code, text: fault.message };
    }
    return null;
  }
}
