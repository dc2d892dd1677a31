/**
 * What a device, a cable or an adapter can do to one answer. Faults are combined in the order given: `[{ kind: 'delay',
 * ms: 400 }, { kind: 'echo' }]`.
 */
export type WireFault =
  /** no answer */
  | { kind: 'silence' }
  /** the answer comes this much later */
  | { kind: 'delay'; ms: number }
  | { kind: 'exception'; exception: number }
  /** random bytes in place of the answer */
  | { kind: 'garbage'; bytes: number }
  /** random bytes before, or glued behind, the answer */
  | { kind: 'noise-before'; bytes: number }
  | { kind: 'noise-after'; bytes: number }
  /** another unit's answer comes in its place, or before it */
  | { kind: 'wrong-unit' }
  | { kind: 'foreign-first' }
  | { kind: 'wrong-function' }
  /** one register less than asked, correctly framed */
  | { kind: 'wrong-count' }
  /** only the first bytes come */
  | { kind: 'torn'; bytes: number }
  /** serial: checksum wrong; TCP, which has none: transaction id wrong */
  | { kind: 'bad-crc' }
  /** the request comes back first, as from a half-duplex adapter that hears itself */
  | { kind: 'echo' }
  /** every byte takes this many times longer (serial) */
  | { kind: 'slow'; factor: number }
  /** the answer comes in pieces of this size, this far apart */
  | { kind: 'split'; bytes: number; gapMs: number }
  /** the connection is closed instead of an answer */
  | { kind: 'drop' };

export type WireFaultKind = WireFault['kind'];

interface Setting {
  faults: readonly WireFault[];
  unit: number | undefined;
  left: number;
}

/** Which faults hold for the next answers; switched while a server runs. The newest fitting setting wins. */
export class FaultSwitch {
  #settings: Setting[] = [];

  /** `times`: for so many answers, then it is over (default: until cleared). `unit`: only for this unit. */
  set(faults: WireFault | readonly WireFault[], options: { unit?: number; times?: number } = {}): void {
    const list = 'kind' in faults ? [faults] : faults;
    this.#settings.unshift({ faults: list, unit: options.unit, left: options.times ?? Number.POSITIVE_INFINITY });
  }

  /** Takes back what was set for this unit, or everything. */
  clear(unit?: number): void {
    this.#settings = unit === undefined ? [] : this.#settings.filter((setting) => setting.unit !== unit);
  }

  /** The faults of the answer that is about to go out; counts it. */
  take(unit: number): readonly WireFault[] {
    const setting = this.#settings.find((each) => each.unit === undefined || each.unit === unit);
    if (setting === undefined) return [];
    setting.left -= 1;
    if (setting.left <= 0) this.#settings = this.#settings.filter((each) => each !== setting);
    return setting.faults;
  }
}
