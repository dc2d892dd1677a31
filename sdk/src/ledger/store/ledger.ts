import { settleAll, stopped } from '../../core/lifecycle.ts';
import type { Channel } from '../../core/reading.ts';
import type { PublicKey, Suite } from '../seal/suite.ts';
import { CommitQueue } from './commit-queue.ts';
import type { Draft, LedgerItem, LedgerWriter } from './contract.ts';
import type { EntrySealer, Head, SealedItem } from './entry-sealer.ts';
import type { Files } from './files.ts';
import { type LedgerDependencies, type LedgerOptions, type OpenedParts, openParts } from './ledger-open.ts';
import { LedgerView } from './ledger-view.ts';
import type { LiveSegments } from './live-segments.ts';
import type { LedgerLock } from './lock.ts';
import type { BrokenPlace, Cut } from './recovery.ts';
import { type DroppedSegments, planDrops, type RetentionPolicy, readExtents } from './retention.ts';
import type { SegmentLog } from './segment-log.ts';

/** What was found when the ledger was opened. */
export interface OpeningReport {
  created: boolean;
  start: number;
  /** bytes of an interrupted flush that were cut, as the boot event says */
  cutBytes: number;
  cuts: readonly Cut[];
  damage: readonly BrokenPlace[];
}

const PRESSURE_PERCENT = [50, 80, 95] as const;

/**
 * The ledger of one gateway, open for writing: one process, one key. Everything is signed and on the disk before
 * anybody sees it. Lies in `<dataDir>/ledger`, its key in `<dataDir>/keys/ledger.pem`.
 */
export class Ledger implements LedgerWriter {
  readonly key: PublicKey;
  readonly opening: OpeningReport;
  readonly #files: Files;
  readonly #view: LedgerView;
  readonly #queue: CommitQueue;
  readonly #log: SegmentLog;
  readonly #lock: LedgerLock;
  readonly #sealer: EntrySealer;
  readonly #clock: { wallMs(): number };
  readonly #live: LiveSegments;
  readonly #quotaBytes: number | null;
  /** highest pressure that was announced, and that is on the disk */
  #announced = 0;
  #announcedDurably = 0;
  #finishing: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #retaining: Promise<unknown> = Promise.resolve();

  /**
   * Locks, recovers, and writes the boot event (for a new ledger its key first). LEDGER_LOCKED, LEDGER_READ_ONLY,
   * LEDGER_DAMAGED, LEDGER_OTHER_KEY, LEDGER_DISK_FULL, KEY_OPEN, KEY_UNREADABLE, KEY_WEAK.
   */
  static async open(dataDir: string, deps: LedgerDependencies, options: LedgerOptions = {}): Promise<Ledger> {
    const parts = await openParts(dataDir, deps, options);
    const ledger = new Ledger(parts, deps.suite);
    try {
      await ledger.#queue.appendSealed(parts.opening);
    } catch (fault) {
      await settleAll([() => parts.log.close(), () => parts.lock.release()]).catch(() => undefined); // it says less
      throw fault;
    }
    return ledger;
  }

  private constructor(parts: OpenedParts, suite: Suite) {
    this.#files = parts.files;
    this.#log = parts.log;
    this.#lock = parts.lock;
    this.#sealer = parts.sealer;
    this.#clock = parts.clock;
    this.#quotaBytes = parts.quotaBytes;
    this.#live = parts.live;
    this.key = parts.key;
    this.opening = parts.report;
    this.#announced = this.#announcedDurably = this.#pressure();
    this.#queue = new CommitQueue({
      ...{ sealer: parts.sealer, log: parts.log, head: parts.head },
      ownEntries: (head) => this.#pressureEvents(head),
      onDurable: (after) => this.#onDurable(after),
      onRefused: () => {
        this.#announced = this.#announcedDurably;
      },
    });
    this.#view = new LedgerView(parts.live, parts.files, suite);
  }

  get id(): string {
    return this.#view.id;
  }

  size(): number {
    return this.#view.size();
  }

  firstSeq(): number {
    return this.#view.firstSeq();
  }

  read(seq: number): Promise<LedgerItem> {
    return this.#view.read(seq);
  }

  items(
    from: number,
    options: { to?: number; follow?: boolean; signal?: AbortSignal } = {},
  ): AsyncIterable<LedgerItem> {
    return this.#view.items(from, options);
  }

  rootAt(size: number): Promise<Uint8Array> {
    return this.#view.rootAt(size);
  }

  findByTime(wallMs: number): Promise<number> {
    return this.#view.findByTime(wallMs);
  }

  channelsAt(seq: number): Promise<readonly Channel[]> {
    return this.#view.channelsAt(seq);
  }

  /**
   * Resolves when the entry is on the disk. An unchanged context is not written again: the entry in force comes back,
   * without body. LEDGER_DISK_FULL: nothing was kept, try again; LEDGER_WRITE_FAILED: open the ledger again;
   * ENTRY_TOO_LARGE and ENTRY_MALFORMED concern this draft alone.
   */
  append(draft: Draft): Promise<LedgerItem> {
    return this.#finishing === null ? this.#queue.append(draft) : Promise.reject(stopped());
  }

  /** bytes of all segments */
  usedBytes(): number {
    return this.#live.usedBytes();
  }

  /** Deletes what the policy lets go, oldest first, each after a signed `drop` event. */
  retain(policy: RetentionPolicy): Promise<DroppedSegments[]> {
    const run = this.#retaining.then(() => this.#retain(policy));
    this.#retaining = run.catch(() => undefined);
    return run;
  }

  /** Writes the `stop` event, after which nothing is appended; followers can still take it over before `close`. */
  finish(reason = 'stopped'): Promise<void> {
    this.#finishing ??= this.#finish(reason);
    return this.#finishing;
  }

  /** Finishes, settles what is under way, gives the lock back. Twice is harmless. */
  close(reason?: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #finish(reason: string): Promise<void> {
    await this.#retaining;
    if (this.#queue.writable) await this.#queue.append({ kind: 'event', event: 'stop', detail: { reason } });
  }

  async #close(reason: string | undefined): Promise<void> {
    await settleAll([
      () => this.finish(reason),
      () => this.#queue.close(),
      () => this.#live.close(),
      () => this.#log.close(),
      () => this.#lock.release(),
    ]);
  }

  async #retain(policy: RetentionPolicy): Promise<DroppedSegments[]> {
    const dropped: DroppedSegments[] = [];
    const sealed = await readExtents(this.#live.segments(), this.#files);
    const drops = planDrops(sealed, policy, {
      wallMs: this.#clock.wallMs(),
      usedBytes: this.usedBytes(),
      quotaBytes: this.#quotaBytes,
    });
    for (const { segment, reason } of drops) {
      const detail = { fromSeq: segment.firstSeq, toSeq: segment.nextSeq - 1, reason };
      await this.append({ kind: 'event', event: 'drop', detail });
      await this.#live.drop(segment);
      this.#announced = this.#announcedDurably = Math.min(this.#announcedDurably, this.#pressure());
      dropped.push(detail);
    }
    return dropped;
  }

  #onDurable(after: Head): void {
    this.#announcedDurably = this.#announced;
    this.#live.advance(after.edge);
  }

  /** The highest mark that the ledger has reached, 0 below the first or without a quota. */
  #pressure(): number {
    if (this.#quotaBytes === null) return 0;
    const percent = (100 * this.usedBytes()) / this.#quotaBytes;
    return PRESSURE_PERCENT.findLast((mark) => percent >= mark) ?? 0;
  }

  #pressureEvents(head: Head): SealedItem[] {
    const reached = this.#pressure();
    if (reached <= this.#announced) return [];
    const marks = PRESSURE_PERCENT.filter((mark) => mark > this.#announced && mark <= reached);
    this.#announced = reached;
    const sealed: SealedItem[] = [];
    for (const percent of marks) {
      sealed.push(this.#sealer.sealEvent(sealed.at(-1)?.after ?? head, 'bufferPressure', { percent }));
    }
    return sealed;
  }
}
