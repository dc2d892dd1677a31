/**
 * Reading a folder of segments by sequence and time, while it is written. Memory holds a window of one file and the
 * offsets of a few segments, never the ledger.
 */

import { isLimpidError, LimpidError } from '../../core/error.ts';
import type { Channel } from '../../core/reading.ts';
import { toHex } from '../seal/bytes.ts';
import { peekEntry } from '../seal/entry.ts';
import { parseItem } from '../seal/item.ts';
import type { Suite } from '../seal/suite.ts';
import { type ContextInForce, contextAfter, contextOfHeader } from './context-in-force.ts';
import type { LedgerItem, LedgerReader } from './contract.ts';
import { type Files, faultCode, type OpenFile, readFully } from './files.ts';
import type { SegmentFile } from './segment-files.ts';
import { indexSegment, readSegmentFooter, type SegmentIndex } from './segment-index.ts';
import { type FoundHeader, readSegmentHeader, SegmentScanner } from './segment-scan.ts';

/** What the view needs to know of whoever keeps the folder. */
export interface SegmentSource {
  readonly ledger: Uint8Array;
  segments(): readonly SegmentFile[];
  /** number of entries that may be shown */
  size(): number;
  /** tree head over all of them */
  root(): Uint8Array;
  /** of the segment that is being written: up to where it may be read; null for the others */
  activeExtent(segment: SegmentFile): { endBytes: number; offsets: readonly (number | undefined)[] } | null;
  /** Resolves when there is more than `size` or the source is closed. Rejects with the signal's reason. */
  grown(size: number, signal: AbortSignal | undefined): Promise<boolean>;
}

const INDEXED_SEGMENTS = 8;
const SMALL_READ_BYTES = 4096;

export class LedgerView implements LedgerReader {
  readonly id: string;
  readonly #source: SegmentSource;
  readonly #files: Files;
  readonly #suite: Suite;
  readonly #indexes = new Map<string, Promise<SegmentIndex>>();
  readonly #latest = new Map<string, number>();

  constructor(source: SegmentSource, files: Files, suite: Suite) {
    this.#source = source;
    this.#files = files;
    this.#suite = suite;
    this.id = toHex(source.ledger);
  }

  size(): number {
    return this.#source.size();
  }

  firstSeq(): number {
    return this.#source.segments()[0]?.firstSeq ?? 0;
  }

  async read(seq: number): Promise<LedgerItem> {
    const segment = this.#segmentOf(seq);
    return this.#withFile(segment, async (file) => {
      const offset = await this.#offsetOf(segment, file, seq);
      return readItemAt(segment, file, offset, seq);
    });
  }

  async *items(
    from: number,
    options: { to?: number; follow?: boolean; signal?: AbortSignal } = {},
  ): AsyncGenerator<LedgerItem> {
    const { to = Number.POSITIVE_INFINITY, follow = false, signal } = options;
    let seq = from;
    while (seq < to && !signal?.aborted) {
      if (seq < this.size()) {
        const before = seq;
        for await (const item of this.#itemsOfSegment(seq, Math.min(to, this.size()))) {
          if (signal?.aborted) return;
          yield item;
          seq = item.seq + 1;
        }
        if (seq !== before) continue;
        yield await this.read(seq); // or says what is wrong with it
        seq += 1;
      } else if (!follow || !(await this.#source.grown(seq, signal))) {
        return;
      }
    }
  }

  async rootAt(size: number): Promise<Uint8Array> {
    if (size === this.size()) return this.#source.root();
    // every entry signs the head of the tree before it
    return (await this.read(size)).entry.prefix.root;
  }

  async findByTime(wallMs: number): Promise<number> {
    for (const segment of this.#source.segments()) {
      const found = await this.#findInSegment(segment, wallMs);
      if (found !== null) return found;
    }
    return this.size();
  }

  async #findInSegment(segment: SegmentFile, wallMs: number): Promise<number | null> {
    try {
      if ((await this.#latestOf(segment)) < wallMs) return null;
      for await (const item of this.#itemsOfSegment(segment.firstSeq, this.size())) {
        if (item.entry.prefix.wallMs >= wallMs) return item.seq;
      }
    } catch (fault) {
      const deleted = isLimpidError(fault, 'LEDGER_NO_SUCH_ENTRY') && segment.firstSeq < this.firstSeq();
      if (!deleted) throw fault;
    }
    return null;
  }

  async channelsAt(seq: number): Promise<readonly Channel[]> {
    const context = await this.contextAt(seq);
    return context === null ? [] : [...context.channels.values()];
  }

  /** The context that entry `seq` refers to; of a context entry, itself. */
  async contextAt(seq: number): Promise<ContextInForce | null> {
    const segment = this.#segmentOf(seq);
    const { header } = await this.#withFile(segment, (file) => this.#header(segment, file));
    let context = contextOfHeader(this.#suite, header.context);
    for await (const { entry, entryBytes, body, seq: at } of this.#itemsOfSegment(segment.firstSeq, seq + 1)) {
      if (entry.kind !== 'context') continue;
      context = contextAfter(this.#suite, context, { entry, entryBytes, body });
      if (context === null)
        throw damagedAt(segment, { offset: 0, seq: at, detail: 'a part of the context is missing' });
    }
    return context;
  }

  /** From `from` to the end of its segment or to `to`. */
  async *#itemsOfSegment(from: number, to: number): AsyncGenerator<LedgerItem> {
    const segment = this.#segmentOf(from);
    const file = await this.#open(segment, from);
    try {
      const limit = await this.#limitOf(segment, file);
      const begin = from === segment.firstSeq ? (await this.#header(segment, file)).end : null;
      const scanner = new SegmentScanner(file, begin ?? (await this.#offsetOf(segment, file, from)), limit);
      for (let seq = from; seq < to; seq += 1) {
        const step = await scanner.next();
        if (step.kind === 'bad' && !isOtherFlush(step.framed)) throw damagedAt(segment, { ...step, seq });
        if (step.kind === 'bad') scanner.skip(step);
        if (step.kind === 'footer' || step.kind === 'end') return;
        const item = step.kind === 'bad' ? step.framed?.item : step.item;
        if (item !== undefined) yield toLedgerItem(segment, { ...item, offset: step.offset, seq });
      }
    } finally {
      await file.close();
    }
  }

  #segmentOf(seq: number): SegmentFile {
    const segments = this.#source.segments();
    const found = segments.findLast((segment) => segment.firstSeq <= seq);
    if (found === undefined || seq >= this.size() || !Number.isSafeInteger(seq)) {
      throw new LimpidError('LEDGER_NO_SUCH_ENTRY', { seq, size: this.size() });
    }
    return found;
  }

  async #withFile<T>(segment: SegmentFile, use: (file: OpenFile) => Promise<T>): Promise<T> {
    const file = await this.#open(segment, segment.firstSeq);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  }

  /** Retention may have removed it since it was listed. */
  async #open(segment: SegmentFile, seq: number): Promise<OpenFile> {
    try {
      return await this.#files.open(segment.path, 'read');
    } catch (cause) {
      if (faultCode(cause) !== 'ENOENT') throw cause;
      throw new LimpidError('LEDGER_NO_SUCH_ENTRY', { seq, size: this.size() }, { cause });
    }
  }

  async #header(segment: SegmentFile, file: OpenFile): Promise<FoundHeader> {
    try {
      return await readSegmentHeader(file);
    } catch (fault) {
      if (!isLimpidError(fault)) throw fault;
      throw damagedAt(segment, { offset: 0, seq: segment.firstSeq, detail: fault.message });
    }
  }

  async #limitOf(segment: SegmentFile, file: OpenFile): Promise<number> {
    return this.#source.activeExtent(segment)?.endBytes ?? (await file.sizeBytes());
  }

  async #offsetOf(segment: SegmentFile, file: OpenFile, seq: number): Promise<number> {
    const active = this.#source.activeExtent(segment);
    const known = active?.offsets[seq - segment.firstSeq];
    if (known !== undefined) return known;
    const index = await this.#indexOf(segment, file);
    const offset = index.offsets[seq - segment.firstSeq];
    if (offset !== undefined) return offset;
    const place = index.damage.findLast((damage) => damage.seq <= seq);
    throw damagedAt(segment, { offset: index.endBytes, detail: 'the segment ends before it', ...place, seq });
  }

  #indexOf(segment: SegmentFile, file: OpenFile): Promise<SegmentIndex> {
    const known = this.#indexes.get(segment.path);
    if (known !== undefined && this.#source.activeExtent(segment) === null) return known;
    const index = this.#buildIndex(segment, file);
    this.#indexes.set(segment.path, index);
    const oldest = this.#indexes.keys().next().value;
    if (this.#indexes.size > INDEXED_SEGMENTS && oldest !== undefined) this.#indexes.delete(oldest);
    index.catch(() => this.#indexes.delete(segment.path));
    return index;
  }

  async #buildIndex(segment: SegmentFile, file: OpenFile): Promise<SegmentIndex> {
    const header = await this.#header(segment, file);
    return indexSegment(file, segment, header, await this.#limitOf(segment, file));
  }

  /** Latest wall time in a segment: from its footer, which never changes; the written one is always looked into. */
  async #latestOf(segment: SegmentFile): Promise<number> {
    const known = this.#latest.get(segment.path);
    if (known !== undefined) return known;
    const found = await this.#withFile(segment, readSegmentFooter);
    if (found === null) return Number.POSITIVE_INFINITY;
    this.#latest.set(segment.path, found.footer.lastWallMs);
    return found.footer.lastWallMs;
  }
}

/** `back` alone is wrong: the item itself is whole. */
function isOtherFlush(framed: { intact: boolean } | null): boolean {
  return framed?.intact === true;
}

async function readItemAt(segment: SegmentFile, file: OpenFile, offset: number, seq: number): Promise<LedgerItem> {
  for (let windowBytes = SMALL_READ_BYTES; ; windowBytes *= 8) {
    const window = new Uint8Array(windowBytes);
    const count = await readFully(file, window, offset);
    try {
      const parsed = parseItem(window.subarray(0, count));
      if (parsed !== 'incomplete') return toLedgerItem(segment, { ...parsed.item, offset, seq });
    } catch (fault) {
      if (!isLimpidError(fault, 'CBOR_MALFORMED')) throw fault;
      throw damagedAt(segment, { offset, seq, detail: String(fault.params.detail) });
    }
    if (count < windowBytes) throw damagedAt(segment, { offset, seq, detail: 'the file ends inside it' });
  }
}

function toLedgerItem(
  segment: SegmentFile,
  found: { entryBytes: Uint8Array; body: Uint8Array | null; offset: number; seq: number },
): LedgerItem {
  const { entryBytes, body, offset, seq } = found;
  try {
    const { entry } = peekEntry(entryBytes);
    if (entry.prefix.seq === seq) return { seq, entryBytes, entry, body };
    throw damagedAt(segment, { offset, seq, detail: `entry ${entry.prefix.seq} stands here` });
  } catch (fault) {
    if (!isLimpidError(fault, 'ENTRY_MALFORMED')) throw fault;
    throw damagedAt(segment, { offset, seq, detail: fault.message });
  }
}

function damagedAt(segment: SegmentFile, place: { offset: number; seq: number; detail: string }): LimpidError {
  const { offset, seq, detail } = place;
  return new LimpidError('LEDGER_DAMAGED', { file: segment.path, offset, seq, detail });
}
