import {
  type Entry,
  entryLeafHash,
  equalBytes,
  type Item,
  ItemChecker,
  type PublicKey,
  peekEntry,
  RightEdge,
  type SegmentHeader,
  type Suite,
  toHex,
} from '@limpid/sdk/ledger/seal';
import type { Holding } from './ledger-copy.ts';

/** Where a copy stands: all that is needed to check the next entry. */
export interface ChainState {
  /** of a segment that would begin with the next entry */
  header: SegmentHeader;
  /** starts of the writer so far */
  start: number;
}

const NO_CONTEXT = new Uint8Array(32);

/** Checks that each item is signed, whole, and continues what is held. Nothing wrong is passed on. */
export class ChainCheck {
  readonly #suite: Suite;
  readonly #ledger: string;
  readonly #checker: ItemChecker;
  readonly #edge: RightEdge;
  #context = NO_CONTEXT;
  #start = 0;

  constructor(suite: Suite, ledger: string, key: PublicKey, state: ChainState | null) {
    this.#suite = suite;
    this.#ledger = ledger;
    this.#checker = new ItemChecker(suite, key);
    this.#edge =
      state === null ? new RightEdge(suite) : RightEdge.restore(suite, state.header.firstSeq, state.header.edge);
    if (state === null) return;
    this.#checker.startSegment(state.header);
    this.#start = state.start;
    if (state.header.context !== null) this.#context = entryLeafHash(suite, state.header.context.entryBytes);
  }

  holding(): Holding {
    return { size: this.#edge.size, root: this.#edge.root() };
  }

  /** The sequence that an item claims, whether or not it may. Throws ENTRY_MALFORMED, ENTRY_TOO_LARGE. */
  seqOf(item: Item): number {
    return peekEntry(item.entryBytes).entry.prefix.seq;
  }

  /** Null when the item is the next one, and then it counts; else why not. */
  next(item: Item): string | null {
    const wrong = this.#wrongWithPlace(peekEntry(item.entryBytes).entry);
    if (wrong !== null) return wrong;
    const { entry, faults, leaf, signature } = this.#checker.check(item);
    // a value that is not what the raw words give was signed so: evidence to be kept, and a finding of `verify`
    const grave = faults.find(({ code }) => code !== 'value-differs');
    if (grave !== undefined) return grave.text;
    if (entry === null || signature !== 'good') return 'the signature was not checked';
    this.#edge.append(leaf);
    this.#context = entry.kind === 'context' ? leaf : this.#context;
    this.#start = entry.prefix.start;
    return null;
  }

  #wrongWithPlace(entry: Entry): string | null {
    const { seq, ledger, root, ctx, start } = entry.prefix;
    if (seq !== this.#edge.size) return `sequence ${seq} where ${this.#edge.size} is due`;
    if (seq > 0 && toHex(ledger) !== this.#ledger) return `it belongs to the ledger ${toHex(ledger)}`;
    if (!equalBytes(root, this.#edge.root())) return 'it does not continue the entries that are held';
    if (!equalBytes(ctx, this.#context)) return 'it names another context than the one in force';
    return start < this.#start ? `start ${start} after start ${this.#start}` : null;
  }
}
