import type { LedgerItem } from '@limpid/sdk/ledger/store';

/** An item as a ledger gives it back, where only its sequence matters. */
export function sealedItem(seq: number): LedgerItem {
  const prefix = {
    ledger: new Uint8Array(8),
    seq,
    root: new Uint8Array(32),
    ctx: new Uint8Array(32),
    start: 1,
    hwctr: null,
    wallMs: 0,
    monoMs: 0,
    clock: { state: 0, errorMs: null, source: 0 },
  } as const;
  return { seq, entryBytes: new Uint8Array(), entry: { kind: 'event', prefix, code: 1, detail: null }, body: null };
}
