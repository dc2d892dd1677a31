import type { Clock } from '@limpid/sdk/core';
import { ledgerOrigin, type Signer, type Suite, signReceipt } from '@limpid/sdk/ledger/seal';
import type { Holding } from './ledger-copy.ts';

export interface ReceiptBookOptions {
  ledger: string;
  clock: Clock;
  suite: Suite;
  signer: Signer;
  /** how the collector calls itself in its notes */
  name: string;
}

/** How often a gateway is asked to go on from the receipt. */
const ASK_EVERY_MS = 1_000;

/** While entries keep coming, one receipt covers many. */
const GROW_EVERY_MS = 200;

/**
 * The receipts of one ledger. They are cumulative. One that is newer and covers no more asks the gateway to go on from
 * there; the same note again means nothing, so that repetitions by the broker never cause one by the gateway.
 */
export class ReceiptBook {
  readonly #options: ReceiptBookOptions;
  #newest: { note: string; size: number; timeS: number } | null = null;
  /** of the newest note of an earlier run */
  #heardS = -1;
  #grownAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReceiptBookOptions) {
    this.#options = options;
  }

  /** The note for what is held now, or null when the one before covers it, or another one follows soon. */
  grow(holding: Holding, idle: boolean): string | null {
    const nowMs = this.#options.clock.monoMs();
    if (holding.size <= (this.#newest?.size ?? 0)) return null;
    if (!idle && nowMs - this.#grownAtMs < GROW_EVERY_MS) return null;
    this.#grownAtMs = nowMs;
    return this.#sign(holding, this.#newest?.timeS ?? 0);
  }

  /** A note that asks for what follows; null when that was asked a moment ago. */
  ask(holding: Holding): string | null {
    const nowMs = this.#options.clock.monoMs();
    if (nowMs - this.#askedAtMs < ASK_EVERY_MS) return null;
    this.#askedAtMs = nowMs;
    // after a restart nothing is known of the last note but what the broker retained, and that it was not in the future
    const lastS = this.#newest?.timeS ?? Math.floor(this.#options.clock.wallMs() / 1000);
    return this.#sign(holding, lastS + 1);
  }

  /**
   * A note of ours from an earlier run. Gateways go by the signed time alone, so ours must be later, also when this
   * clock was set back since: the note to be sent where one was given that they would pass over.
   */
  hear(note: string, timeS: number, holding: Holding): string | null {
    this.#heardS = Math.max(this.#heardS, timeS);
    if (this.#newest === null || this.#newest.note === note || this.#newest.timeS > timeS) return null;
    return this.#sign(holding, timeS + 1);
  }

  /** The newest note as it is, for a gateway that may have missed it. */
  get newest(): string | null {
    return this.#newest?.note ?? null;
  }

  #sign(holding: Holding, earliestS: number): string {
    const { clock, ledger, suite, signer, name } = this.#options;
    const sinceS = this.#heardS < 0 ? 0 : this.#heardS + 1;
    const timeS = Math.max(Math.floor(clock.wallMs() / 1000), earliestS, sinceS);
    const note = signReceipt(suite, { origin: ledgerOrigin(ledger), ...holding, timeS }, name, signer);
    this.#newest = { note, size: holding.size, timeS };
    return note;
  }
}
