import type { Channel } from '../../core/reading.ts';
import type { ContextPart } from '../seal/context.ts';
import type { BatchBody, Detail, Entry, EventName } from '../seal/entry-types.ts';

/** One item of the ledger as it is stored, sent and verified. */
export interface LedgerItem {
  seq: number;
  /** the COSE_Sign1 bytes */
  entryBytes: Uint8Array;
  entry: Entry;
  body: Uint8Array | null;
}

/** What a writer hands in; prefix, root and signature are the ledger's business. */
export type Draft =
  | { kind: 'batch'; body: BatchBody }
  | { kind: 'event'; event: EventName; detail: Detail }
  | { kind: 'context'; parts: ContextPart[] }
  | { kind: 'anchor'; type: number; about: number; evidence: Uint8Array };

export type { ContextPart };

/** What followers see: only what is durable. Reading goes on while the writer appends. */
export interface LedgerReader {
  /** 16 hex digits */
  readonly id: string;
  /** number of durable entries */
  size(): number;
  /** first sequence that is still kept (retention deletes from the front) */
  firstSeq(): number;
  /** LEDGER_NO_SUCH_ENTRY, LEDGER_DAMAGED */
  read(seq: number): Promise<LedgerItem>;
  /** From `from` in order; with `follow` it waits for new ones until the signal is aborted, then ends. */
  items(from: number, options?: { to?: number; follow?: boolean; signal?: AbortSignal }): AsyncIterable<LedgerItem>;
  /** tree head over the first `size` entries */
  rootAt(size: number): Promise<Uint8Array>;
  /** the smallest sequence whose wall time is at or after `wallMs`, or size() */
  findByTime(wallMs: number): Promise<number>;
  /** the channels of the context in force at that sequence */
  channelsAt(seq: number): Promise<readonly Channel[]>;
}

export interface LedgerWriter extends LedgerReader {
  /** Resolves when the entry is on the disk (fdatasync), with drafts of the same tick sharing one flush. */
  append(draft: Draft): Promise<LedgerItem>;
  close(): Promise<void>;
}
