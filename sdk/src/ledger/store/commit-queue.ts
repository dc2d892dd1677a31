/**
 * Group commit. Drafts of one tick, and all that come while a flush is under way, are sealed at once and share the next
 * flush: signing goes on while the disk works, and there is one `fdatasync` per group.
 */
import { isLimpidError, LimpidError } from '../../core/error.ts';
import { stopped } from '../../core/lifecycle.ts';
import { peekEntry } from '../seal/entry.ts';
import type { Draft, LedgerItem } from './contract.ts';
import { type EntrySealer, type Head, joinItems, type SealedItem } from './entry-sealer.ts';
import type { Group, SegmentLog } from './segment-log.ts';

interface Request {
  draft: Draft;
  resolve: (item: LedgerItem) => void;
  reject: (fault: unknown) => void;
}

interface SealedGroup {
  before: Head;
  items: LedgerItem[];
  after: Head;
  /** who waits for which item */
  waiting: { request: Request; item: LedgerItem }[];
}

export interface CommitQueueOptions {
  sealer: EntrySealer;
  log: SegmentLog;
  head: Head;
  /** entries that the ledger itself puts before the next draft */
  ownEntries: (head: Head) => SealedItem[];
  /** the group is on the disk; called before anybody who waits for it is told */
  onDurable: (after: Head) => void;
  /** nothing of the group is kept */
  onRefused: () => void;
}

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #queue: Request[] = [];
  #ready: SealedGroup | null = null;
  /** behind everything sealed */
  #head: Head;
  /** behind everything on the disk */
  #durable: Head;
  #flushing: Promise<void> | null = null;
  #scheduled = false;
  #closed = false;
  /** after a failed flush nothing may be written until the ledger is opened again */
  #fault: LimpidError | null = null;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    this.#head = options.head;
    this.#durable = options.head;
  }

  append(draft: Draft): Promise<LedgerItem> {
    if (this.#fault !== null) return Promise.reject(this.#fault);
    if (this.#closed) return Promise.reject(stopped());
    return new Promise((resolve, reject) => {
      this.#queue.push({ draft, resolve, reject });
      this.#schedule();
    });
  }

  /** Takes what is already sealed, as entry 0 and the boot event, into the next group. */
  async appendSealed(sealed: readonly SealedItem[]): Promise<void> {
    for (const { item, after } of sealed) this.#take(item, after);
    await this.#flush();
  }

  /** Refuses new drafts and resolves when everything taken is settled. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing !== null || this.#scheduled) {
      await this.#flushing;
      await Promise.resolve();
    }
  }

  get writable(): boolean {
    return this.#fault === null && !this.#closed;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** What is sealed goes to the disk first: the disk works while the next group is sealed. */
  #pump(): void {
    this.#startFlush();
    const requests = this.#queue;
    this.#queue = [];
    for (const request of requests) this.#seal(request);
    this.#startFlush();
  }

  #startFlush(): void {
    if (this.#flushing !== null || this.#ready === null) return;
    this.#flushing = this.#flush().then(
      () => this.#afterFlush(),
      () => this.#afterFlush(), // whoever waited has been told
    );
  }

  #afterFlush(): void {
    this.#flushing = null;
    if (this.#ready !== null || this.#queue.length > 0) this.#pump();
  }

  /** A draft that cannot be sealed is refused alone; the head has not moved. */
  #seal(request: Request): void {
    if (this.#fault !== null) {
      request.reject(this.#fault);
      return;
    }
    const { sealer, ownEntries } = this.#options;
    try {
      // the clock first: any other entry would carry the new time as if nothing had happened
      for (const event of sealer.sealClockEvents(this.#head)) this.#take(event.item, event.after);
      for (const own of ownEntries(this.#head)) this.#take(own.item, own.after);
      const sealed = sealer.seal(this.#head, request.draft);
      const item = sealed === null ? this.#contextInForce() : sealed.item;
      if (sealed !== null) this.#take(sealed.item, sealed.after);
      this.#group().waiting.push({ request, item });
    } catch (fault) {
      request.reject(fault);
    }
  }

  #take(item: LedgerItem, after: Head): void {
    const group = this.#group();
    group.items.push(item);
    group.after = after;
    this.#head = after;
  }

  #group(): SealedGroup {
    this.#ready ??= { before: this.#head, items: [], after: this.#head, waiting: [] };
    return this.#ready;
  }

  /** What a context that is already in force is answered with; its body stands where it was introduced. */
  #contextInForce(): LedgerItem {
    const context = this.#head.context;
    if (context === null) throw new LimpidError('ENTRY_MALFORMED', { detail: 'a context without parts' });
    const { entry } = peekEntry(context.entryBytes);
    return { seq: entry.prefix.seq, entryBytes: context.entryBytes, entry, body: null };
  }

  async #flush(): Promise<void> {
    const group = this.#ready;
    this.#ready = null;
    if (group === null) return;
    try {
      if (group.items.length > 0) await this.#options.log.commit(toSegmentGroup(group));
    } catch (fault) {
      this.#refuse(group, fault);
      throw fault;
    }
    this.#durable = group.after;
    if (group.items.length > 0) this.#options.onDurable(group.after);
    for (const { request, item } of group.waiting) request.resolve(item);
  }

  /** Nothing of the group is kept, and what was sealed behind it names a head that will never be. */
  #refuse(group: SealedGroup, fault: unknown): void {
    const behind = this.#ready;
    this.#ready = null;
    this.#head = this.#durable;
    this.#options.onRefused();
    if (!isLimpidError(fault, 'LEDGER_DISK_FULL')) {
      this.#fault = isLimpidError(fault)
        ? fault
        : new LimpidError('INTERNAL', { detail: String(fault) }, { cause: fault });
    }
    for (const { request } of [...group.waiting, ...(behind?.waiting ?? [])]) request.reject(fault);
  }
}

function toSegmentGroup(group: SealedGroup): Group {
  const { before, items, after } = group;
  const times = items.map((item) => item.entry.prefix.wallMs);
  return {
    firstSeq: before.edge.size,
    ...joinItems(items),
    earliestMs: Math.min(...times),
    latestMs: Math.max(...times),
    header: () => ({
      ledger: after.ledger,
      firstSeq: before.edge.size,
      edge: [...before.edge.hashes()],
      coseKey: after.coseKey,
      context: before.context === null ? null : { entryBytes: before.context.entryBytes, parts: before.context.parts },
    }),
  };
}
