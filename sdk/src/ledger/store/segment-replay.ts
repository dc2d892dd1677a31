import { LimpidError } from '../../core/error.ts';
import { equalBytes } from '../seal/bytes.ts';
import { entryLeafHash, openEntry, peekEntry } from '../seal/entry.ts';
import type { Entry } from '../seal/entry-types.ts';
import type { Item } from '../seal/item.ts';
import { publicKeyFromCoseKey } from '../seal/keys.ts';
import { RightEdge } from '../seal/merkle.ts';
import type { SegmentHeader } from '../seal/segment.ts';
import type { PublicKey, Suite } from '../seal/suite.ts';
import { type ContextInForce, contextAfter, contextOfHeader } from './context-in-force.ts';
import type { SegmentFile } from './segment-files.ts';

/** The end of a ledger: all that a writer must know to go on. */
export interface Tail {
  header: SegmentHeader;
  key: PublicKey;
  edge: RightEdge;
  context: ContextInForce | null;
  entry: Entry;
}

/** Adds the items of one segment up to the state of the ledger behind them. */
export class SegmentReplay {
  readonly path: string;
  readonly firstSeq: number;
  readonly offsets: number[] = [];
  earliestMs = Number.POSITIVE_INFINITY;
  latestMs = 0;
  readonly #suite: Suite;
  readonly #header: SegmentHeader;
  readonly #edge: RightEdge;
  readonly #key: PublicKey;
  #context: ContextInForce | null;
  /** not yet in the edge: the last entry's own root is the head before it */
  #last: { entry: Entry; entryBytes: Uint8Array; offset: number } | null = null;

  constructor(suite: Suite, segment: SegmentFile, header: SegmentHeader) {
    this.path = segment.path;
    this.firstSeq = segment.firstSeq;
    this.#suite = suite;
    this.#header = header;
    this.#key = publicKeyFromCoseKey(suite, header.coseKey);
    this.#edge = RightEdge.restore(suite, header.firstSeq, header.edge);
    this.#context = contextOfHeader(suite, header.context);
    if (header.firstSeq !== segment.firstSeq) throw this.#damaged(0, 'its name is not its first sequence');
  }

  get nextSeq(): number {
    return this.firstSeq + this.offsets.length;
  }

  /** LEDGER_DAMAGED when it is whole but not what belongs here. */
  add(item: Item, offset: number): void {
    const { entry } = this.#peek(item, offset);
    if (entry.prefix.seq !== this.nextSeq) throw this.#damaged(offset, `entry ${entry.prefix.seq} stands here`);
    this.#foldLast();
    if (entry.kind === 'context') {
      this.#context = contextAfter(this.#suite, this.#context, { entry, ...item });
      if (this.#context === null) throw this.#damaged(offset, 'a part of the context is missing');
    }
    this.#last = { entry, entryBytes: item.entryBytes, offset };
    this.offsets.push(offset);
    this.earliestMs = Math.min(this.earliestMs, entry.prefix.wallMs);
    this.latestMs = Math.max(this.latestMs, entry.prefix.wallMs);
  }

  /** Whether the entry of a broken item is the one that was signed for this place. */
  fits(item: Item): boolean {
    try {
      const entry = openEntry(this.#suite, item.entryBytes, this.#key);
      if (entry === null || entry.prefix.seq !== this.nextSeq || entry.kind === 'context') return false;
      const edge = this.#edge.clone();
      if (this.#last !== null) edge.append(entryLeafHash(this.#suite, this.#last.entryBytes));
      return equalBytes(entry.prefix.root, edge.root());
    } catch (fault) {
      if (fault instanceof LimpidError) return false;
      throw fault;
    }
  }

  /** null without items. Checks the last entry, whose signed root stands for all before it. */
  finish(): Tail | null {
    const last = this.#last;
    if (last === null) return null;
    const signed = openEntry(this.#suite, last.entryBytes, this.#key);
    if (signed === null) throw this.#damaged(last.offset, 'the last entry is not signed by the key of its segment');
    if (!equalBytes(signed.prefix.root, this.#edge.root())) {
      throw this.#damaged(last.offset, 'the entries before do not give the root that was signed');
    }
    this.#foldLast();
    const { entry } = last;
    return { header: this.#header, key: this.#key, edge: this.#edge, context: this.#context, entry };
  }

  #peek(item: Item, offset: number): { entry: Entry } {
    try {
      return peekEntry(item.entryBytes);
    } catch (fault) {
      if (fault instanceof LimpidError) throw this.#damaged(offset, fault.message);
      throw fault;
    }
  }

  #foldLast(): void {
    if (this.#last !== null) this.#edge.append(entryLeafHash(this.#suite, this.#last.entryBytes));
    this.#last = null;
  }

  #damaged(offset: number, detail: string): LimpidError {
    return new LimpidError('LEDGER_DAMAGED', { file: this.path, offset, seq: this.nextSeq, detail });
  }
}
