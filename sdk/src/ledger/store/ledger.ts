import { settleAll, stopped } from '../../core/lifecycle.ts';
import type { Channel } from '../../core/reading.ts';
import type { PublicKey, Suite } from '../seal/index.ts';
import { CommitQueue } from './commit-queue.ts';
import type { Draft, LedgerItem, LedgerWriter } from './contract.ts';
import type { EntrySealer, Head, SealedItem } from './entry-sealer.ts';
import type { Files } from './files.ts';
import { Growth } from './growth.ts';
import { type LedgerDependencies, type LedgerOptions, type OpenedParts, openParts } from './ledger-open.ts';
import { LedgerView, type SegmentSource } from './ledger-view.ts';
import type { LedgerLock } from './lock.ts';
import type { BrokenPlace, Cut } from './recovery.ts';
import { type DroppedSegments, planDrops, type RetentionPolicy, type SegmentExtent } from './retention.ts';
import type { SegmentFile } from './segment-files.ts';
import { readSegmentFooter } from './segment-index.ts';
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
  readonly #dir: string;
  readonly #files: Files;
  readonly #view: LedgerView;
  readonly #queue: CommitQueue;
  readonly #log: SegmentLog;
  readonly #lock: LedgerLock;
  readonly #sealer: EntrySealer;
  readonly #clock: { wallMs(): number };
  readonly #quotaBytes: number | null;
  readonly #growth = new Growth();
  #segments: SegmentFile[];
  #head: Head;
  /** bytes of the sealed segments */
  #sealedBytes: number;
  /** highest pressure that was announced, and that is on the disk */
  #announced = 0;
  #announcedDurably = 0;
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
      await settleAll([() => parts.log.close(), () => parts.lock.release()]);
      throw fault;
    }
    return ledger;
  }

  private constructor(parts: OpenedParts, suite: Suite) {
    this.#dir = parts.dir;
    this.#files = parts.files;
    this.#log = parts.log;
    this.#lock = parts.lock;
    this.#sealer = parts.sealer;
    this.#clock = parts.clock;
    this.#quotaBytes = parts.quotaBytes;
    this.#segments = parts.segments;
    this.#sealedBytes = parts.sealedBytes;
    this.#head = parts.head;
    this.key = parts.key;
    this.opening = parts.report;
    this.#announced = this.#announcedDurably = this.#pressure();
    this.#queue = new CommitQueue({
      ...{ sealer: parts.sealer, log: parts.log, head: parts.head },
      ownEntries: (head) => this.#pressureEvents(head),
      onDurable: (items, after) => this.#onDurable(items, after),
      onRefused: () => {
        this.#announced = this.#announcedDurably;
      },
    });
    this.#view = new LedgerView(this.#source(parts.ledger), parts.files, suite);
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
    return this.#closing === null ? this.#queue.append(draft) : Promise.reject(stopped());
  }

  /** bytes of all segments */
  usedBytes(): number {
    return this.#sealedBytes + (this.#log.active?.endBytes ?? 0);
  }

  /** Deletes what the policy lets go, oldest first, each after a signed `drop` event. */
  retain(policy: RetentionPolicy): Promise<DroppedSegments[]> {
    const run = this.#retaining.then(() => this.#retain(policy));
    this.#retaining = run.catch(() => undefined);
    return run;
  }

  /** Writes the `stop` event, settles what is under way, gives the lock back. Twice is harmless. */
  close(reason = 'stopped'): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    await settleAll([
      () => this.#retaining,
      async () => {
        if (this.#queue.writable) await this.#queue.append({ kind: 'event', event: 'stop', detail: { reason } });
      },
      () => this.#queue.close(),
      () => this.#growth.close(),
      () => this.#log.close(),
      () => this.#lock.release(),
    ]);
  }

  async #retain(policy: RetentionPolicy): Promise<DroppedSegments[]> {
    const dropped: DroppedSegments[] = [];
    const drops = planDrops(await this.#extents(), policy, {
      wallMs: this.#clock.wallMs(),
      usedBytes: this.usedBytes(),
      quotaBytes: this.#quotaBytes,
    });
    for (const { segment, reason } of drops) {
      const detail = { fromSeq: segment.firstSeq, toSeq: segment.nextSeq - 1, reason };
      await this.append({ kind: 'event', event: 'drop', detail });
      this.#segments = this.#segments.filter(({ path }) => path !== segment.path);
      await this.#files.unlink(segment.path);
      await this.#files.syncDirectory(this.#dir);
      this.#sealedBytes -= segment.sizeBytes;
      this.#announced = this.#announcedDurably = Math.min(this.#announcedDurably, this.#pressure());
      dropped.push(detail);
    }
    return dropped;
  }

  /** The sealed segments, oldest first. */
  async #extents(): Promise<SegmentExtent[]> {
    const extents: SegmentExtent[] = [];
    for (const segment of this.#segments) {
      const file = await this.#files.open(segment.path, 'read');
      try {
        const found = await readSegmentFooter(file);
        if (found === null) break;
        const { nextSeq, lastWallMs } = found.footer;
        extents.push({ ...segment, nextSeq, latestMs: lastWallMs, sizeBytes: await file.sizeBytes() });
      } finally {
        await file.close();
      }
    }
    return extents;
  }

  #onDurable(items: readonly LedgerItem[], after: Head): void {
    this.#head = after;
    this.#announcedDurably = this.#announced;
    const active = this.#log.active;
    if (active !== null && this.#segments.at(-1)?.path !== active.path) {
      this.#sealedBytes += this.#log.lastSealedBytes();
      this.#segments = [...this.#segments, toSegmentFile(active)];
    }
    if (items.length > 0) this.#growth.notify();
  }

  #source(ledger: Uint8Array): SegmentSource {
    return {
      ledger,
      segments: () => this.#segments,
      size: () => this.#head.edge.size,
      root: () => this.#head.edge.root(),
      activeExtent: (segment) => {
        const active = this.#log.active;
        return active?.path === segment.path ? active : null;
      },
      grown: (size, signal) => this.#growth.beyond(size, () => this.#head.edge.size, signal),
    };
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

function toSegmentFile({ path, firstSeq }: { path: string; firstSeq: number }): SegmentFile {
  return { path, firstSeq, name: path.slice(path.lastIndexOf('/') + 1) };
}
