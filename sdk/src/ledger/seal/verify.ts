/**
 * Verifies a ledger item by item: the whole of it, a range that begins at a known right edge, or a mirror. `ItemChecker`
 * says what can be said of one item alone; here its neighbours are looked at: sequence, tree, context, starts, clocks,
 * silence. Nothing is skipped: what cannot be checked is a finding.
 */
import { isLimpidError } from '../../core/error.ts';
import { equalBytes, toHex } from './bytes.ts';
import { edgeOfHeader, headerFaults } from './check-header.ts';
import { type CheckedItem, ItemChecker, type PendingItem } from './check-item.ts';
import { Continuity, counterFault } from './continuity.ts';
import { verifySign1 } from './cose.ts';
import { detailMember, peekEntry } from './entry.ts';
import { type Entry, EVENT_CODES, type Prefix } from './entry-types.ts';
import type { Item } from './item.ts';
import { HASH_BYTES, RightEdge } from './merkle.ts';
import { NewestEntry } from './newest-entry.ts';
import { type Depth, type FindingCode, Findings, type Place, type Report, VERDICTS } from './report.ts';
import type { SegmentHeader } from './segment.ts';
import type { PublicKey, Suite } from './suite.ts';

export interface VerifierOptions {
  suite: Suite;
  /** the key from outside; null: the ledger can at best be consistent with itself */
  key: PublicKey | null;
  /** a range out of a ledger: that nothing lies before it is not asked about */
  range?: boolean;
  /** `everything` where nothing is said */
  depth?: Depth;
  /** heads that somebody else holds, as from receipts */
  heads?: readonly { size: number; root: Uint8Array }[];
}

const NO_HASH = new Uint8Array(HASH_BYTES);
/** entries back to which a second entry for a sequence is recognised as a fork */
const REMEMBERED = 4096;

export class LedgerVerifier {
  readonly #suite: Suite;
  readonly #options: VerifierOptions;
  readonly #checker: ItemChecker;
  readonly #findings = new Findings();
  readonly #continuity = new Continuity();
  readonly #payloads = new Map<number, Uint8Array>();
  #heads: { size: number; root: Uint8Array }[];
  /** null after a hole: the tree is not known until a header gives its edge */
  #edge: RightEdge | null;
  /** whether the entry before stands in the tree as it was found here, and the newest entry's root fits that tree */
  #holdsLast = false;
  #coversLast = false;
  readonly #newest: NewestEntry;
  /** the newest header, until the first entry behind it is there to compare it with */
  #header: { header: SegmentHeader; place: Place } | null = null;
  #ledger: Uint8Array | null = null;
  #keyId = '';
  /** null: not known, whatever the next entry names is taken */
  #context: Uint8Array | null = NO_HASH;
  #next: number | null = null;
  #firstSeq = 0;
  #droppedBefore = 0;
  #entries = 0;
  #readings = 0;
  #first: Prefix | null = null;
  #last: Prefix | null = null;
  #tornBytes = 0;

  constructor(options: VerifierOptions) {
    this.#suite = options.suite;
    this.#options = options;
    this.#checker = new ItemChecker(options.suite, options.key);
    this.#edge = new RightEdge(options.suite);
    this.#newest = new NewestEntry(options.suite, (code, seq, place, text) => this.#find(code, seq, place, text));
    this.#heads = [...(options.heads ?? [])];
    if (options.key !== null) this.#keyId = toHex(options.key.keyId);
  }

  /** The header of the segment that follows. */
  startSegment(header: SegmentHeader, place: Place = {}): void {
    this.#checker.startSegment(header);
    this.followSegment(header, place);
  }

  /** The next item, and what was said of it alone. */
  push(item: Item, place: Place = {}): CheckedItem {
    const checked = this.#isShallow ? this.#checker.checkOrder(item, place) : this.#checker.check(item, place);
    this.#noteKey();
    const before = this.#entries;
    this.take(checked);
    if (this.#isShallow && this.#entries > before) this.#newest.follow(item, checked, this.#coversLast);
    return checked;
  }

  /** As `push` with the signature looked at beside: `take` wants the answers in the order of the items. */
  pushBeside(item: Item, place: Place = {}): PendingItem {
    const pending = this.#checker.checkBeside(item, place);
    this.#noteKey();
    return pending;
  }

  get #isShallow(): boolean {
    return this.#options.depth === 'order';
  }

  #noteKey(): void {
    const { key } = this.#checker;
    if (this.#keyId === '' && key !== null) this.#keyId = toHex(key.keyId);
    this.#newest.key = key;
  }

  /** As `startSegment`, where another `ItemChecker` checks the items and `take` is given what it says. */
  followSegment(header: SegmentHeader, place: Place = {}): void {
    const { firstSeq } = header;
    if (this.#next !== null && firstSeq !== this.#next) this.#findHole(firstSeq, place);
    const edge = edgeOfHeader(this.#suite, header);
    if (edge === null) this.#find('damaged', firstSeq, place, 'the right edge in its header does not fit its size');
    if (this.#next === null || this.#edge === null) {
      this.#edge = this.#next === null || this.#next <= firstSeq ? edge : null;
      this.#context = firstSeq === 0 ? NO_HASH : null;
    } else if (edge !== null && !equalBytes(edge.root(), this.#edge.root())) {
      this.#find('damaged', firstSeq, place, 'the header of the segment names another right edge');
    }
    if (this.#next === null) this.#begin(firstSeq);
    // never backwards: entries that were there already are a fork or a replay, item by item
    this.#next = Math.max(this.#next ?? 0, firstSeq);
    this.#header = { header, place };
  }

  /** What an `ItemChecker` says of the next item. */
  take(checked: CheckedItem): void {
    const { entry, place } = checked;
    const seq = entry?.prefix.seq ?? this.#next;
    for (const { code, text } of checked.faults) this.#find(code, seq, place, text);
    if (entry === null) return;
    if (this.#next === null) this.#begin(entry.prefix.seq);
    if (!this.#checkSequence(checked, entry)) return;
    this.#checkLedger(checked, entry);
    this.#checkHeader(checked, entry);
    this.#checkRoot(checked, entry);
    this.#checkContext(checked, entry);
    const report = (code: FindingCode, text: string) => this.#find(code, entry.prefix.seq, place, text);
    const counter = counterFault(this.#last?.hwctr ?? null, entry.prefix.hwctr);
    if (counter !== null) report('hardware-counter', counter);
    this.#continuity.take(entry, checked.polls, report);
    this.#noteDrop(entry);
    this.#advance(checked, entry);
  }

  /** Bytes that hold no readable item although others follow. `seq` is what stood there, where that is known. */
  damage(seq: number | null, place: Place, text: string): void {
    this.#find('damaged', seq ?? this.#next, place, text);
  }

  /** Bytes at the very end that are not, or not yet, a whole item: nothing of it was acknowledged. */
  tornTail(bytes: number): void {
    this.#tornBytes = bytes;
  }

  /** Anything else that the reader of the files has to say. */
  note(code: FindingCode, seq: number | null, place: Place, text: string): void {
    this.#find(code, seq, place, text);
  }

  finish(): Report {
    this.#newest.check();
    const lastSeq = this.#last?.seq ?? null;
    this.#continuity.finish((code, text) => this.#find(code, lastSeq, {}, text));
    if (this.#entries === 0) this.#find('empty', null, {}, 'there is no entry');
    this.#checkFront();
    const size = this.#next ?? 0;
    for (const head of this.#heads.filter((left) => left.size > size)) {
      this.#find('receipt-ahead', size, {}, `somebody holds ${head.size} entries, here are ${size}`);
    }
    const verdict = this.#findings.verdict(this.#options.key !== null);
    return {
      verdict,
      exitCode: VERDICTS[verdict],
      checked: this.#options.depth ?? 'everything',
      findings: this.#findings.listed,
      furtherFindings: this.#findings.further,
      ledger: this.#ledger === null ? '' : toHex(this.#ledger),
      firstSeq: this.#firstSeq,
      size,
      root: this.#edge === null ? null : toHex(this.#edge.root()),
      entries: this.#entries,
      readings: this.#readings,
      keyId: this.#keyId,
      fromWallMs: this.#first?.wallMs ?? null,
      toWallMs: this.#last?.wallMs ?? null,
      tornBytes: this.#tornBytes,
    };
  }

  #find(code: FindingCode, seq: number | null, place: Place, text: string): void {
    this.#findings.add({ code, seq, ...place, text });
  }

  #begin(firstSeq: number): void {
    this.#firstSeq = firstSeq;
    this.#next = firstSeq;
    if (firstSeq > 0) this.#context = null;
    if (firstSeq !== this.#edge?.size) this.#edge = null;
  }

  #checkSequence(checked: CheckedItem, entry: Entry): boolean {
    const { seq } = entry.prefix;
    const next = this.#next ?? seq;
    if (seq > next) this.#findHole(seq, checked.place);
    if (seq >= next) return true;
    const before = this.#payloads.get(seq);
    const isOfHere = seq > 0 && this.#ledger !== null && equalBytes(entry.prefix.ledger, this.#ledger);
    const differs = before !== undefined && !equalBytes(before, checked.payloadHash);
    const isFork = isOfHere && differs && checked.signature === 'good';
    if (isFork) this.#find('fork', seq, checked.place, 'two different entries are validly signed for this sequence');
    else this.#find('sequence-back', seq, checked.place, `sequence ${seq} comes after ${next - 1}`);
    return false;
  }

  #findHole(seq: number, place: Place): void {
    const next = this.#next ?? 0;
    if (seq < next) {
      this.#find('sequence-back', seq, place, `a segment that begins at ${seq} comes after ${next - 1}`);
    } else {
      this.#find('sequence-hole', next, place, `entries ${next} to ${seq - 1} are missing`);
    }
    this.#edge = null;
    this.#holdsLast = false;
    this.#context = null;
    this.#continuity.forget();
  }

  #checkLedger(checked: CheckedItem, entry: Entry): void {
    const { ledger, seq } = entry.prefix;
    if (seq === 0) {
      this.#ledger = checked.ledgerId;
      if (ledger.some((byte) => byte !== 0)) this.#find('other-ledger', seq, checked.place, 'entry 0 names a ledger');
      if (entry.kind !== 'key') this.#find('entry-malformed', seq, checked.place, 'entry 0 is no key event');
      return;
    }
    this.#ledger ??= ledger;
    if (!equalBytes(ledger, this.#ledger)) {
      this.#find('other-ledger', seq, checked.place, `it belongs to the ledger ${toHex(ledger)}`);
    }
  }

  #checkHeader(checked: CheckedItem, entry: Entry): void {
    const { seq, ctx } = entry.prefix;
    if (this.#header === null || this.#ledger === null) return;
    const { header, place } = this.#header;
    this.#header = null;
    const key = checked.signature === 'unchecked' ? null : (this.#options.key ?? this.#checker.key);
    const signed = { ledger: this.#ledger, key, ctx: seq === header.firstSeq ? ctx : null };
    for (const text of headerFaults(this.#suite, header, signed)) this.#find('damaged', header.firstSeq, place, text);
  }

  #checkRoot(checked: CheckedItem, entry: Entry): void {
    const { seq, root } = entry.prefix;
    const fits = this.#edge !== null && equalBytes(this.#edge.root(), root);
    this.#coversLast = fits && this.#holdsLast;
    if (this.#edge !== null && !fits) {
      this.#find('root-wrong', seq, checked.place, 'what was signed over all entries before does not fit them');
      // what follows cannot be compared any more until a header gives an edge
      this.#edge = null;
    }
  }

  #checkContext(checked: CheckedItem, entry: Entry): void {
    const { ctx, seq } = entry.prefix;
    if (this.#context !== null && !equalBytes(ctx, this.#context)) {
      this.#find('context-wrong', seq, checked.place, 'it names another context than the one in force');
    }
    this.#context = entry.kind === 'context' ? checked.leaf : ctx;
  }

  #noteDrop(entry: Entry): void {
    if (entry.kind !== 'event' || entry.code !== EVENT_CODES.drop) return;
    const toSeq = detailMember(entry.detail, 'toSeq');
    if (typeof toSeq === 'number') this.#droppedBefore = Math.max(this.#droppedBefore, toSeq + 1);
  }

  #advance(checked: CheckedItem, entry: Entry): void {
    const { seq } = entry.prefix;
    this.#edge?.append(checked.leaf);
    this.#holdsLast = this.#edge !== null;
    this.#next = seq + 1;
    this.#entries += 1;
    this.#readings += checked.readings;
    this.#first ??= entry.prefix;
    this.#last = entry.prefix;
    if (checked.signature === 'good') this.#payloads.set(seq, checked.payloadHash);
    this.#payloads.delete(seq - REMEMBERED);
    this.#checkHeads(checked.place);
  }

  #checkHeads(place: Place): void {
    const size = this.#next ?? 0;
    if (this.#edge === null || !this.#heads.some((head) => head.size === size)) return;
    const root = this.#edge.root();
    for (const head of this.#heads.filter(
      (candidate) => candidate.size === size && !equalBytes(candidate.root, root),
    )) {
      this.#find('receipt-wrong', head.size - 1, place, `somebody holds other entries up to ${head.size}`);
    }
    this.#heads = this.#heads.filter((head) => head.size !== size);
  }

  /** A ledger whose front was dropped by retention says so by a signed event. */
  #checkFront(): void {
    if (this.#options.range === true || this.#firstSeq <= this.#droppedBefore || this.#entries === 0) return;
    const text = `entries 0 to ${this.#firstSeq - 1} are missing and no signed event says that they were dropped`;
    this.#find('front-missing', this.#firstSeq, {}, text);
  }
}

/** Whether these are a fork's proof: two different payloads that the key signed for one sequence of one ledger. */
export function isFork(suite: Suite, a: Uint8Array, b: Uint8Array, key: PublicKey): boolean {
  try {
    const [one, other] = [peekEntry(a), peekEntry(b)];
    return (
      one.entry.prefix.seq === other.entry.prefix.seq &&
      // entry 0 names its ledger by itself: two of them are two ledgers
      one.entry.prefix.seq > 0 &&
      equalBytes(one.entry.prefix.ledger, other.entry.prefix.ledger) &&
      !equalBytes(one.sign1.payload, other.sign1.payload) &&
      verifySign1(suite, one.sign1, key) &&
      verifySign1(suite, other.sign1, key)
    );
  } catch (fault) {
    if (isLimpidError(fault)) return false;
    throw fault;
  }
}
