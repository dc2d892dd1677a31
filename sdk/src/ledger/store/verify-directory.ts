/**
 * Runs the verifier over a ledger or mirror on disk, sealed or while it is written. Reads every byte: damage is named
 * by file, offset and sequence and never skipped, and what lies behind it is verified all the same.
 */
import { isLimpidError } from '../../core/error.ts';
import { ItemChecker } from '../seal/check-item.ts';
import { openEntry } from '../seal/entry.ts';
import type { Entry } from '../seal/entry-types.ts';
import type { Item } from '../seal/item.ts';
import { publicKeyOrNull } from '../seal/keys.ts';
import type { Depth, Report } from '../seal/report.ts';
import { SEGMENT_BEGIN, type SegmentHeader } from '../seal/segment.ts';
import type { PublicKey, Suite } from '../seal/suite.ts';
import { LedgerVerifier } from '../seal/verify.ts';
import { type Files, type OpenFile, readFully } from './files.ts';
import { findLedgerDirectory } from './ledger-directory.ts';
import { isLockName } from './lock.ts';
import { peekSeq } from './peek-seq.ts';
import { PendingItems } from './pending-items.ts';
import { isCutName } from './recovery.ts';
import { listSegments, type SegmentFile } from './segment-files.ts';
import {
  type BadStep,
  type FoundHeader,
  findLaterItems,
  readSegmentHeader,
  type ScanStep,
  SegmentScanner,
  zerosInTheWay,
} from './segment-scan.ts';
import { describeRest } from './torn-tail.ts';

export interface VerifyOptions {
  files: Files;
  suite: Suite;
  /** the key from outside; null: the best possible answer is 3, not authenticated */
  key: PublicKey | null;
  /** heads that somebody else holds, as from receipts */
  heads?: readonly { size: number; root: Uint8Array }[];
  /** `everything` where nothing is said */
  depth?: Depth;
  /** after each segment */
  onProgress?: (done: { segments: number; of: number }) => void;
}

/** LEDGER_ABSENT when there is no segment at all. */
export async function verifyDirectory(dir: string, options: VerifyOptions): Promise<Report> {
  const { files, suite, key, heads = [], depth = 'everything', onProgress } = options;
  const folder = await findLedgerDirectory(dir, files);
  const { segments, others } = await listSegments(folder, files);
  const verifier = new LedgerVerifier({ suite, key, heads, depth });
  for (const [at, segment] of segments.entries()) {
    const next = segments[at + 1];
    await new SegmentVerification({ files, suite, key, depth, verifier, segment, next }).run();
    onProgress?.({ segments: at + 1, of: segments.length });
  }
  for (const name of others.filter((other) => !isLockName(other) && !isCutName(other))) {
    verifier.note('foreign-file', null, { file: `${folder}/${name}` }, 'not a file of a ledger; it was not looked at');
  }
  return verifier.finish();
}

interface SegmentTask {
  files: Files;
  suite: Suite;
  key: PublicKey | null;
  depth: Depth;
  verifier: LedgerVerifier;
  segment: SegmentFile;
  next: SegmentFile | undefined;
}

class SegmentVerification {
  readonly #task: SegmentTask;
  #seq: number;
  #header: SegmentHeader | null = null;
  /** wall times of its entries, which a footer repeats */
  #earliestMs = Number.POSITIVE_INFINITY;
  #latestMs = Number.NEGATIVE_INFINITY;

  constructor(task: SegmentTask) {
    this.#task = task;
    this.#seq = task.segment.firstSeq;
  }

  async run(): Promise<void> {
    const { files, segment } = this.#task;
    const file = await files.open(segment.path, 'read');
    try {
      const limit = await file.sizeBytes();
      const begin = await this.#readHeader(file, limit);
      if (begin !== null) await this.#walk(file, begin, limit);
    } finally {
      await file.close();
    }
  }

  /** Where the items begin; null when nothing is left to walk. */
  async #readHeader(file: OpenFile, limit: number): Promise<number | null> {
    const { verifier, segment, next } = this.#task;
    const found = await headerOrFault(file);
    if (typeof found === 'string') {
      const later = await findLaterItems(file, 0, limit);
      // the newest segment's creation may be under way or have been interrupted
      if (next === undefined && later.length === 0 && (await beginsAsHeader(file))) verifier.tornTail(limit);
      else this.#damage(0, `its header: ${found}`);
      for (const { item, offset } of later) this.#push(item, offset);
      return null;
    }
    if (found.header.firstSeq !== segment.firstSeq) this.#damage(0, 'its name is not its first sequence');
    verifier.startSegment(found.header, { file: segment.path, offset: 0 });
    this.#header = found.header;
    return found.end;
  }

  async #walk(file: OpenFile, begin: number, limit: number): Promise<void> {
    const scanner = new SegmentScanner(file, begin, limit);
    const isBeside = this.#task.depth === 'everything' && this.#task.suite.verifyBeside !== undefined;
    const pending = new PendingItems(this.#task.verifier);
    for (;;) {
      const step = await scanner.next();
      if (step.kind === 'item') {
        if (isBeside) await this.#pushBeside(pending, step.item, step.offset);
        else this.#push(step.item, step.offset);
        continue;
      }
      await pending.drain();
      if (step.kind === 'footer') {
        await this.#checkFooter(file, step, limit);
        return;
      }
      const rest = await describeRest(file, step.offset, limit);
      if (step.kind === 'end' && rest.lastByte === 0) {
        if (this.#task.next !== undefined) this.#damage(step.offset, 'it is not the newest segment and has no footer');
        return;
      }
      await this.#broken(file, step.kind === 'bad' ? step : zerosInTheWay(step.offset), { limit, ...rest });
      return;
    }
  }

  async #checkFooter(file: OpenFile, step: ScanStep & { kind: 'footer' }, limit: number): Promise<void> {
    const { nextSeq, firstWallMs, lastWallMs } = step.footer;
    if (nextSeq !== this.#seq) this.#damage(step.offset, 'its footer counts other entries');
    else if (this.#latestMs >= 0 && (firstWallMs !== this.#earliestMs || lastWallMs !== this.#latestMs)) {
      this.#damage(step.offset, 'its footer names other times than its entries');
    }
    // sealing writes the footer before it shortens the file, and may have been interrupted in between
    const { lastByte } = await describeRest(file, step.end, limit);
    if (step.end === limit || (this.#task.next === undefined && lastByte === 0)) return;
    this.#damage(step.end, 'bytes stand behind its footer');
    for (const { item, offset } of await findLaterItems(file, step.end, limit)) this.#push(item, offset);
  }

  /** From the first broken place on, whole items are looked for byte by byte. */
  async #broken(
    file: OpenFile,
    bad: BadStep,
    rest: { limit: number; lastByte: number; torn: (bad: BadStep) => boolean },
  ): Promise<void> {
    const { verifier, next } = this.#task;
    const later = await findLaterItems(file, bad.offset + 1, rest.limit);
    const acknowledged = next !== undefined || later.some((item) => item.groupStart > bad.offset);
    if (!acknowledged && rest.torn(bad)) {
      verifier.tornTail(rest.lastByte - bad.offset);
      return;
    }
    this.#damage(bad.offset, bad.detail);
    if (bad.framed !== null) this.#pushDamaged(bad.framed.item, bad.offset);
    let end = later[0]?.offset ?? rest.limit;
    for (const { item, offset, end: itemEnd } of later) {
      if (offset !== end) this.#damage(end, 'no whole item begins here');
      this.#seq = peekSeq(item.entryBytes) ?? this.#seq;
      this.#push(item, offset);
      end = itemEnd;
    }
  }

  #push(item: Item, offset: number): void {
    const { verifier, segment } = this.#task;
    this.#note(verifier.push(item, { file: segment.path, offset }).entry);
  }

  async #pushBeside(pending: PendingItems, item: Item, offset: number): Promise<void> {
    await pending.room();
    const { verifier, segment } = this.#task;
    const pushed = verifier.pushBeside(item, { file: segment.path, offset });
    pending.push(pushed);
    this.#note(pushed.entry);
  }

  #note(entry: Entry | null): void {
    this.#seq += 1;
    if (entry === null) return;
    this.#earliestMs = Math.min(this.#earliestMs, entry.prefix.wallMs);
    this.#latestMs = Math.max(this.#latestMs, entry.prefix.wallMs);
  }

  /** An entry that still verifies keeps the tree known; of a broken body only that it is missing can be said. */
  #pushDamaged(item: Item, offset: number): void {
    const { suite, key } = this.#task;
    const signer = key ?? (this.#header === null ? null : publicKeyOrNull(suite, this.#header.coseKey));
    if (signer === null || !isSigned(suite, item, signer)) return;
    const checker = new ItemChecker(suite, signer);
    if (this.#header !== null) checker.startSegment(this.#header);
    const whole = checker.check(item).faults.length === 0;
    this.#push(whole ? item : { entryBytes: item.entryBytes, body: null }, offset);
  }

  #damage(offset: number, detail: string): void {
    const { verifier, segment } = this.#task;
    verifier.damage(this.#seq, { file: segment.path, offset }, detail);
  }
}

async function headerOrFault(file: OpenFile): Promise<FoundHeader | string> {
  try {
    return await readSegmentHeader(file);
  } catch (fault) {
    if (isLimpidError(fault)) return fault.message;
    throw fault;
  }
}

/** The first bytes lie in one sector: an interrupted write leaves all of them, zeros, or a file that ends. */
async function beginsAsHeader(file: OpenFile): Promise<boolean> {
  const begin = new Uint8Array(SEGMENT_BEGIN.length);
  const bytes = begin.subarray(0, await readFully(file, begin, 0));
  return bytes.every((byte) => byte === 0) || bytes.every((byte, at) => byte === SEGMENT_BEGIN[at]);
}

function isSigned(suite: Suite, item: Item, key: PublicKey): boolean {
  try {
    return openEntry(suite, item.entryBytes, key) !== null;
  } catch (fault) {
    if (isLimpidError(fault)) return false;
    throw fault;
  }
}
