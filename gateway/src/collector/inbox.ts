/** One message from the broker, as it came. */
export interface Parcel {
  ledger: string;
  payload: Uint8Array;
}

/** Above this the newest are dropped: the gateways go back to their receipts and send again. */
const LIMIT_BYTES = 64 * 1024 * 1024;

/** What a message takes beside its payload, and at least: even empty ones must not pile up without end. */
const PARCEL_BYTES = 1024;

/**
 * What has arrived and is not yet on the disk. The broker is answered at once (holding a PUBACK back would leave one
 * message in hand at a time), so this is bounded here; nobody is told that it is safe before it is.
 */
export class Inbox {
  readonly #parcels: Parcel[] = [];
  #bytes = 0;
  #wake: (() => void) | null = null;
  dropped = 0;

  put(parcel: Parcel): void {
    if (this.#bytes + weight(parcel) > LIMIT_BYTES) {
      this.dropped += 1;
      return;
    }
    this.#parcels.push(parcel);
    this.#bytes += weight(parcel);
    this.#wake?.();
  }

  get isEmpty(): boolean {
    return this.#parcels.length === 0;
  }

  /** The oldest and what follows it of the same ledger, so that they share one flush; null when aborted. */
  async take(signal: AbortSignal, maxParcels = 64): Promise<Parcel[] | null> {
    while (this.#parcels.length === 0 && !signal.aborted) await this.#arrival(signal);
    if (signal.aborted) return null;
    const { ledger } = this.#parcels[0]!;
    const run: Parcel[] = [];
    while (run.length < maxParcels && this.#parcels[0]?.ledger === ledger) {
      const parcel = this.#parcels.shift()!;
      this.#bytes -= weight(parcel);
      run.push(parcel);
    }
    return run;
  }

  async #arrival(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener('abort', this.#onAbort, { once: true });
    });
    signal.removeEventListener('abort', this.#onAbort);
    this.#wake = null;
  }

  readonly #onAbort = () => this.#wake?.();
}

function weight({ payload }: Parcel): number {
  return PARCEL_BYTES + payload.length;
}
