/** Items whose signatures are still looked at by other threads; what they say is taken in the order of the items. */
import type { PendingItem } from '../seal/check-item.ts';
import type { LedgerVerifier } from '../seal/verify.ts';

/** Enough that no thread waits for the other; the bytes of so many entries are all that a ledger of any size holds. */
const MOST_PENDING = 128;

export class PendingItems {
  readonly #verifier: LedgerVerifier;
  readonly #items: PendingItem[] = [];

  constructor(verifier: LedgerVerifier) {
    this.#verifier = verifier;
  }

  push(item: PendingItem): void {
    this.#items.push(item);
  }

  /** Waits until another one may be pushed. Throws where a signature could not be looked at: no verdict then. */
  async room(): Promise<void> {
    while (this.#items.length >= MOST_PENDING) await this.#takeFirst();
  }

  /** Whatever else the verifier is told comes after the items before it. */
  async drain(): Promise<void> {
    while (this.#items.length > 0) await this.#takeFirst();
  }

  async #takeFirst(): Promise<void> {
    const answer = await this.#items.shift()?.answered;
    if (answer === undefined) return;
    if ('fault' in answer) throw answer.fault;
    this.#verifier.take(answer.checked);
  }
}
