import type { FaultSwitch, WireFault } from '../wire/wire-fault.ts';
import type { Fault } from './command.ts';

interface Pinned {
  fault: Fault;
  unit: number | null;
}

/** Which faults people have set on one wire, so that each can be taken back by itself; the newest fitting one acts. */
export class FaultBoard {
  readonly #switch: FaultSwitch;
  #pinned: Pinned[] = [];

  constructor(faults: FaultSwitch) {
    this.#switch = faults;
  }

  get active(): readonly Pinned[] {
    return this.#pinned;
  }

  /** `unit` null: all units of the wire. Gives the function that takes it back. */
  add(fault: Fault, unit: number | null): () => void {
    const pinned = { fault, unit };
    this.#pinned.push(pinned);
    this.#apply();
    return () => {
      this.#pinned = this.#pinned.filter((each) => each !== pinned);
      this.#apply();
    };
  }

  /** Takes back what concerns this unit alone, or everything. */
  clear(unit: number | null): void {
    this.#pinned = unit === null ? [] : this.#pinned.filter((each) => each.unit !== unit);
    this.#apply();
  }

  #apply(): void {
    this.#switch.clear();
    for (const { fault, unit } of this.#pinned) this.#switch.set(toWireFault(fault), unit === null ? {} : { unit });
  }
}

function toWireFault(fault: Fault): WireFault {
  switch (fault.kind) {
    case 'silence':
    case 'echo':
    case 'drop':
      return { kind: fault.kind };
    case 'exception':
      return { kind: 'exception', exception: fault.exception };
    case 'late':
      return { kind: 'delay', ms: fault.delayMs };
    case 'garbage':
      return { kind: 'garbage', bytes: 12 };
    case 'foreign':
      return { kind: 'wrong-unit' };
    case 'torn':
      return { kind: 'torn', bytes: 5 };
    case 'crc':
      return { kind: 'bad-crc' };
    case 'split':
      return { kind: 'split', bytes: 3, gapMs: 4 };
  }
}
