import type { Clock } from '@limpid/sdk/core';
import { type Signer, type Suite, signReceipt } from '@limpid/sdk/ledger/seal';
import { receiptOrigin } from '@limpid/sdk/uplinks';
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
    // after a restart nothing is known of the last note but that it is not from the future
    const lastS = this.#newest?.timeS ?? Math.floor(this.#options.clock.wallMs() / 1000);
    return this.#sign(holding, lastS + 1);
  }

  /** The newest note as it is, for a gateway that may have missed it. */
  get newest(): string | null {
    return this.#newest?.note ?? null;
  }

  #sign(holding: Holding, earliestS: number): string {
    const { clock, ledger, suite, signer, name } = this.#options;
    const timeS = Math.max(Math.floor(clock.wallMs() / 1000), earliestS);
    const note = signReceipt(suite, { origin: receiptOrigin(ledger), ...holding, timeS }, name, signer);
    this.#newest = { note, size: holding.size, timeS };
    return note;
  }
}
