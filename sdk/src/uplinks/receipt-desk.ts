import { isLimpidError, LimpidError } from '../core/error.ts';
import { toHex } from '../ledger/seal/bytes.ts';
import type { DurableText } from './durable-text.ts';
import { judgeReceipt, type Receipt, type ReceiptCourt, type Verdict } from './receipts.ts';
import type { UplinkDeps } from './uplink.ts';

export interface ReceiptDeskOptions {
  court: ReceiptCourt;
  store: DurableText;
  deps: Pick<UplinkDeps, 'log' | 'onReceipt' | 'onPeerAhead' | 'onForkFound'>;
  /** the far end holds everything below `size` */
  onProgress(size: number): void;
  /** the far end asks to go on from `size` */
  onGoBack(size: number): void;
  /** null: the newest receipt was good */
  onFault(fault: LimpidError | null): void;
}

/** Notes that wait to be judged; more than these are superseded anyway, because receipts are cumulative. */
const WAITING = 8;

/**
 * Takes in what arrives on the receipt topic, one note after the other, and keeps the newest good one on the disk.
 *
 * - more than before: progress, on the disk here before anybody hears of it (unless the disk is full)
 * - newer, but no more than before: the far end asks to go on from there (it saw a hole, or it was restored from a copy)
 * - older, or the same again: nothing (a retained or replayed message), whatever it covers
 */
export class ReceiptDesk {
  receiptedSize = 0;
  receiptAtMs: number | null = null;
  readonly #options: ReceiptDeskOptions;
  #newest: string | null = null;
  #reported: string | null = null;
  /** what the far end had signed for before it said that it has less */
  #lost: number | null = null;
  readonly #waiting: string[] = [];
  #working: Promise<void> | null = null;

  constructor(options: ReceiptDeskOptions) {
    this.#options = options;
  }

  /** The receipt of the last run. One that no longer holds (a key was exchanged, a card was lost) frees nothing. */
  async restore(): Promise<void> {
    const note = await this.#options.store.load();
    if (note === null) return;
    const verdict = await judgeReceipt(this.#options.court, note);
    if (verdict.kind === 'good') this.#keep(verdict.receipt);
    else await this.#report(verdict);
  }

  take(note: string): void {
    if (this.#waiting.length >= WAITING) this.#waiting.shift();
    this.#waiting.push(note);
    this.#working ??= this.#work();
  }

  /** Resolves when everything that was taken in has been judged. */
  async settled(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async #work(): Promise<void> {
    for (let note = this.#waiting.shift(); note !== undefined; note = this.#waiting.shift()) {
      try {
        await this.#judge(note);
      } catch (fault) {
        this.#options.onFault(
          fault instanceof LimpidError
            ? fault
            : new LimpidError('INTERNAL', { detail: String(fault) }, { cause: fault }),
        );
      }
    }
    this.#working = null;
  }

  async #judge(note: string): Promise<void> {
    if (note === this.#newest) return;
    const verdict = await judgeReceipt(this.#options.court, note);
    if (verdict.kind === 'good') await this.#accept(verdict.receipt);
    else await this.#report(verdict);
  }

  async #accept(receipt: Receipt): Promise<void> {
    const { deps, court } = this.#options;
    const before = this.receiptedSize;
    if (!this.#isNews(receipt)) return;
    const notKept = await this.#save(receipt.note);
    this.#keep(receipt);
    if (receipt.size < before) this.#lost = Math.max(this.#lost ?? 0, before);
    if (this.#lost !== null && receipt.size >= this.#lost) this.#lost = null;
    this.#options.onFault(
      this.#lost === null
        ? notKept
        : new LimpidError('UPLINK_PEER_BEHIND', { uplink: court.uplink, size: receipt.size, before: this.#lost }),
    );
    if (receipt.size > before && receipt.size >= court.ledger.firstSeq()) {
      this.#options.onProgress(receipt.size);
      await deps.onReceipt?.(receipt.note, receipt.size);
    } else this.#options.onGoBack(receipt.size);
  }

  /**
   * Order is by the signed time. An older receipt counts for nothing even when it covers more: a broker that was set
   * back repeats what a collector had signed for before it lost its disk.
   */
  #isNews({ size, atMs }: Receipt): boolean {
    if (this.receiptAtMs === null || atMs > this.receiptAtMs) return true;
    return atMs === this.receiptAtMs && size > this.receiptedSize;
  }

  /** A full disk must not keep receipts from freeing it: one that is lost by a restart only frees less. */
  async #save(note: string): Promise<LimpidError | null> {
    try {
      await this.#options.store.save(note);
      return null;
    } catch (fault) {
      const known = isLimpidError(fault) ? fault : new LimpidError('INTERNAL', { detail: String(fault) });
      this.#options.deps.log?.warn({ uplink: this.#options.court.uplink, code: known.code }, known.message);
      return known;
    }
  }

  #keep(receipt: Receipt): void {
    this.receiptedSize = receipt.size;
    this.receiptAtMs = receipt.atMs;
    this.#newest = receipt.note;
  }

  /** Each disagreement once: a retained note comes back with every connection, a new one with every question. */
  async #report(verdict: Exclude<Verdict, { kind: 'good' }>): Promise<void> {
    const { court, deps } = this.#options;
    if (verdict.kind === 'refused') {
      deps.log?.warn({ uplink: court.uplink, code: verdict.fault.code }, verdict.fault.message);
      this.#options.onFault(verdict.fault);
      return;
    }
    const { found, kind } = verdict;
    const code = kind === 'ahead' ? 'UPLINK_PEER_AHEAD' : 'UPLINK_FORK';
    const fault = new LimpidError(code, { uplink: court.uplink, size: found.size, ourSize: found.ourSize });
    this.#options.onFault(fault);
    const disagreement = `${kind} ${found.size} ${toHex(found.root)}`;
    if (disagreement === this.#reported) return;
    this.#reported = disagreement;
    deps.log?.error({ uplink: court.uplink, code }, fault.message);
    await (kind === 'ahead' ? deps.onPeerAhead?.(found) : deps.onForkFound?.(found));
  }
}
