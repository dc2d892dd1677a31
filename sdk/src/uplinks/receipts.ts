import { isLimpidError, LimpidError } from '../core/error.ts';
import { equalBytes } from '../ledger/seal/bytes.ts';
import { ledgerOrigin, openReceipt } from '../ledger/seal/note.ts';
import type { PublicKey, Suite } from '../ledger/seal/suite.ts';
import type { LedgerReader } from '../ledger/store/contract.ts';
import type { Disagreement } from './uplink.ts';

/**
 * What a receipt is worth. It is the only thing that lets the gateway reuse space, so three things must hold: a key
 * that the site lists has signed it, for this ledger, and its root is the root of *our* first `size` entries, unless
 * those were deleted here because of an earlier receipt: then it can only say that the far end has lost them.
 */
export type Verdict =
  | { kind: 'good'; receipt: Receipt }
  | { kind: 'ahead'; found: Disagreement }
  | { kind: 'fork'; found: Disagreement }
  | { kind: 'refused'; fault: LimpidError };

export interface Receipt {
  note: string;
  size: number;
  /** ms UTC, as the far end signed it */
  atMs: number;
}

export interface ReceiptCourt {
  uplink: string;
  suite: Suite;
  ledger: LedgerReader;
  keys: readonly PublicKey[];
}

/**
 * A note is a few hundred bytes. It goes into the ledger as it is, as evidence in an entry of 4 KiB at most, and anybody
 * who reaches the broker can hang signature lines on it that nobody reads.
 */
const NOTE_LIMIT_BYTES = 2_048;

export async function judgeReceipt(court: ReceiptCourt, note: string): Promise<Verdict> {
  const { ledger, suite, keys, uplink } = court;
  if (new TextEncoder().encode(note).length > NOTE_LIMIT_BYTES) return refused(uplink, 'it is too long');
  if (keys.length === 0) return refused(uplink, 'the site lists no receiptKeys');
  try {
    const { size, root, timeS } = openReceipt(suite, note, keys, ledgerOrigin(ledger.id));
    const found = { note, size, root, ourSize: ledger.size() };
    if (size > found.ourSize) return { kind: 'ahead', found };
    // What is deleted here cannot be compared any more. It frees nothing either: nothing below is kept.
    if (size < ledger.firstSeq()) return { kind: 'good', receipt: { note, size, atMs: timeS * 1000 } };
    if (!equalBytes(root, await ledger.rootAt(size))) return { kind: 'fork', found };
    return { kind: 'good', receipt: { note, size, atMs: timeS * 1000 } };
  } catch (fault) {
    if (!isLimpidError(fault, 'NOTE_MALFORMED')) throw fault;
    return refused(uplink, String(fault.params.detail));
  }
}

function refused(uplink: string, detail: string): Verdict {
  return { kind: 'refused', fault: new LimpidError('UPLINK_RECEIPT_REFUSED', { uplink, detail }) };
}
