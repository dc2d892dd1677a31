import type { Item } from '@limpid/sdk/ledger/seal';

/** What became of a run of items that arrived for one ledger. */
export interface Taken {
  /** new and on the disk */
  appended: number;
  /** already there, byte for byte */
  duplicates: number;
  /** why the rest of the run was left */
  trouble: Trouble | null;
}

export type Trouble =
  /** entries are missing before this one */
  | { kind: 'hole'; seq: number }
  | { kind: 'refused'; seq: number | null; detail: string }
  /** two different payloads, both validly signed, for one sequence */
  | { kind: 'fork'; seq: number; ours: Item; theirs: Item };

export interface Holding {
  size: number;
  root: Uint8Array;
}

/** A collector's copy of one ledger. `take` returns when what it appended is durable. */
export interface LedgerCopy {
  readonly ledger: string;
  /** what is on the disk */
  holding(): Holding;
  take(items: readonly Item[]): Promise<Taken>;
  close(): Promise<void>;
}
