/**
 * Where only the order is checked, one signature stands for all: that of the newest entry, whose root commits to every
 * byte of the entries before it. It does so only as far as that root was computed here from those very bytes; wherever
 * a hole or a wrong root ends such a run, the last entry of the run needs its own signature looked at.
 */
import { type CheckedItem, wrongSignature } from './check-item.ts';
import { verifySign1 } from './cose.ts';
import { peekEntry } from './entry.ts';
import type { Item } from './item.ts';
import type { FindingCode, Place } from './report.ts';
import type { PublicKey, Suite } from './suite.ts';

export class NewestEntry {
  readonly #suite: Suite;
  readonly #report: (code: FindingCode, seq: number, place: Place, text: string) => void;
  #item: { entryBytes: Uint8Array; place: Place } | null = null;
  /** null: there is none to check with */
  key: PublicKey | null = null;

  constructor(suite: Suite, report: (code: FindingCode, seq: number, place: Place, text: string) => void) {
    this.#suite = suite;
    this.#report = report;
  }

  /** The next entry. `covers`: its root fits the tree over all that was followed since the last one that did not. */
  follow({ entryBytes }: Item, { place, signature }: CheckedItem, covers: boolean): void {
    if (!covers) this.check();
    this.#item = signature === 'deferred' ? { entryBytes, place } : null;
  }

  /** Looks at the signature of the entry that nothing later commits to. */
  check(): void {
    if (this.#item === null || this.key === null) return;
    const { entryBytes, place } = this.#item;
    this.#item = null;
    const { entry, sign1 } = peekEntry(entryBytes);
    if (verifySign1(this.#suite, sign1, this.key)) return;
    const { code, text } = wrongSignature(sign1, this.key);
    this.#report(code, entry.prefix.seq, place, text);
  }
}
