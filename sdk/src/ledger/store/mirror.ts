/**
 * A collector's copy of one ledger: the items exactly as they were received, in segments like the ledger's own. Each is
 * verified in full before it is kept (form, signature, sequence, tree, context, body), and what `take` reports as
 * appended is on the disk. A tail that a crash tore is simply cut: it was not receipted and is sent again.
 */
import { LimpidError } from '../../core/error.ts';
import { settleAll } from '../../core/lifecycle.ts';
import { equalBytes, toHex } from '../seal/bytes.ts';
import { type CheckedItem, ItemChecker } from '../seal/check-item.ts';
import { entryLeafHash, ledgerIdOf } from '../seal/entry.ts';
import type { Item } from '../seal/item.ts';
import { RightEdge } from '../seal/merkle.ts';
import { FINDINGS } from '../seal/report.ts';
import type { PublicKey, Suite } from '../seal/suite.ts';
import { isFork } from '../seal/verify.ts';
import { type ContextInForce, contextAfter } from './context-in-force.ts';
import type { LedgerReader } from './contract.ts';
import { joinItems } from './entry-sealer.ts';
import { type Files, makeDirectory } from './files.ts';
import { LedgerView } from './ledger-view.ts';
import { LiveSegments } from './live-segments.ts';
import { acquireLock, type LedgerLock, namingFolder, writeRefused } from './lock.ts';
import { peekSeq } from './peek-seq.ts';
import type { ProcessTable } from './process-table.ts';
import { recoverLedger } from './recovery.ts';
import { DEFAULT_GROW_BYTES, DEFAULT_SEGMENT_BYTES, SegmentLog } from './segment-log.ts';

export interface MirrorDependencies {
  files: Files;
  suite: Suite;
  processes: ProcessTable;
}

export interface MirrorOptions {
  /** 16 hex digits; only this ledger is taken. Without it entry 0 decides. */
  ledger?: string;
  segmentBytes?: number;
  growBytes?: number;
}

export type MirrorTrouble =
  /** entries are missing before this one */
  | { kind: 'hole'; seq: number }
  | { kind: 'refused'; seq: number | null; detail: string }
  /** two different payloads, both validly signed, for one sequence */
  | { kind: 'fork'; seq: number; ours: Item; theirs: Item };

export interface Taken {
  /** new and on the disk */
  appended: number;
  /** already there */
  duplicates: number;
  /** why the rest of the run was left */
  trouble: MirrorTrouble | null;
}

interface Head {
  ledger: Uint8Array | null;
  edge: RightEdge;
  context: ContextInForce | null;
}

/** Items that passed and wait for their flush. */
interface Run {
  head: Head;
  items: { item: Item; wallMs: number }[];
}

const NO_HASH = new Uint8Array(32);

export class Mirror {
  readonly #suite: Suite;
  readonly #files: Files;
  readonly #key: PublicKey;
  readonly #log: SegmentLog;
  readonly #lock: LedgerLock;
  readonly #dir: string;
  readonly #expected: string | undefined;
  #head: Head;
  #live: LiveSegments | null;
  #reader: LedgerView | null;
  #taking: Promise<unknown> = Promise.resolve();
  #checker: { checker: ItemChecker; context: ContextInForce | null } | null = null;

  /** In `<dataDir>/ledger`. LEDGER_LOCKED, LEDGER_READ_ONLY, LEDGER_DAMAGED, LEDGER_OTHER_KEY */
  static async open(
    dataDir: string,
    key: PublicKey,
    deps: MirrorDependencies,
    options: MirrorOptions = {},
  ): Promise<Mirror> {
    const dir = `${dataDir}/ledger`;
    await makeDirectory(deps.files, dir).catch((fault: unknown) => {
      throw writeRefused(dir, fault);
    });
    const lock = await acquireLock(dir, deps.files, deps.processes).catch((fault: unknown) => {
      throw namingFolder(dir, fault);
    });
    try {
      return await Mirror.#openLocked(dir, lock, key, deps, options);
    } catch (fault) {
      await lock.release().catch(() => undefined); // the fault before says more
      throw namingFolder(dir, fault);
    }
  }

  static async #openLocked(
    dir: string,
    lock: LedgerLock,
    key: PublicKey,
    deps: MirrorDependencies,
    options: MirrorOptions,
  ): Promise<Mirror> {
    const { files, suite } = deps;
    const { tail, active } = await recoverLedger(dir, files, suite);
    if (tail !== null && !equalBytes(tail.key.keyId, key.keyId)) {
      await active?.file.close();
      const params = { dir, keyFile: 'the trusted key', ledgerKey: toHex(tail.key.keyId), key: toHex(key.keyId) };
      throw new LimpidError('LEDGER_OTHER_KEY', params);
    }
    const { segmentBytes = DEFAULT_SEGMENT_BYTES, growBytes = DEFAULT_GROW_BYTES } = options;
    const log = new SegmentLog(dir, files, { segmentBytes, growBytes }, active);
    const head: Head = {
      ledger: tail?.header.ledger ?? null,
      edge: tail?.edge ?? new RightEdge(suite),
      context: tail?.context ?? null,
    };
    const mirror = new Mirror({ dir, files, suite, key, log, lock, head, expected: options.ledger });
    try {
      await mirror.#show();
    } catch (fault) {
      await log.close();
      throw fault;
    }
    return mirror;
  }

  private constructor(parts: {
    dir: string;
    files: Files;
    suite: Suite;
    key: PublicKey;
    log: SegmentLog;
    lock: LedgerLock;
    head: Head;
    expected: string | undefined;
  }) {
    this.#dir = parts.dir;
    this.#files = parts.files;
    this.#suite = parts.suite;
    this.#key = parts.key;
    this.#log = parts.log;
    this.#lock = parts.lock;
    this.#head = parts.head;
    this.#expected = parts.expected;
    this.#live = null;
    this.#reader = null;
  }

  /** 16 hex digits, '' before entry 0 has come and none was named */
  get ledger(): string {
    return this.#head.ledger === null ? (this.#expected ?? '') : toHex(this.#head.ledger);
  }

  /** What is on the disk: what a receipt may say. */
  holding(): { size: number; root: Uint8Array } {
    return { size: this.#head.edge.size, root: this.#head.edge.root() };
  }

  /** null while nothing is held */
  get reader(): LedgerReader | null {
    return this.#reader;
  }

  /** Takes a run in order until something is wrong with one. LEDGER_DISK_FULL, LEDGER_WRITE_FAILED: nothing was taken. */
  take(items: readonly Item[]): Promise<Taken> {
    const taken = this.#taking.then(() => this.#take(items));
    this.#taking = taken.catch(() => undefined);
    return taken;
  }

  async close(): Promise<void> {
    await settleAll([
      () => this.#taking,
      () => this.#live?.close(),
      () => this.#log.close(),
      () => this.#lock.release(),
    ]);
  }

  async #take(items: readonly Item[]): Promise<Taken> {
    const run: Run = { head: this.#head, items: [] };
    const taken: Taken = { appended: 0, duplicates: 0, trouble: null };
    for (const item of items) {
      const seq = peekSeq(item.entryBytes);
      const size = run.head.edge.size;
      if (seq === null) taken.trouble = { kind: 'refused', seq, detail: 'not an entry of this format' };
      else if (seq > size) taken.trouble = { kind: 'hole', seq: size };
      else if (seq < size) taken.trouble = await this.#compare(seq, item, run);
      else taken.trouble = this.#admit(seq, item, run);
      if (taken.trouble !== null) break;
      if (seq !== null && seq < size) taken.duplicates += 1;
    }
    if (run.items.length > 0) await this.#keep(run);
    return { ...taken, appended: run.items.length };
  }

  /** null: the very entry that is held. */
  async #compare(seq: number, theirs: Item, run: Run): Promise<MirrorTrouble | null> {
    const waiting = run.items[seq - this.#head.edge.size];
    const ours = waiting?.item ?? (await this.#reader?.read(seq));
    if (ours === undefined) return { kind: 'refused', seq, detail: 'it is held but cannot be read' };
    if (equalBytes(ours.entryBytes, theirs.entryBytes)) return null;
    if (!isFork(this.#suite, ours.entryBytes, theirs.entryBytes, this.#key)) {
      return { kind: 'refused', seq, detail: 'it differs from the entry that is held and is not validly signed' };
    }
    return { kind: 'fork', seq, ours: { entryBytes: ours.entryBytes, body: ours.body }, theirs };
  }

  /** null: it is what comes next, and is taken into the run. */
  #admit(seq: number, item: Item, run: Run): MirrorTrouble | null {
    const { head } = run;
    const checked = this.#checkerOf(head).check(item);
    const detail = this.#objection(checked, head);
    if (detail !== null || checked.entry === null) {
      this.#checker = null; // a refused context must not stay behind in it
      return { kind: 'refused', seq, detail: detail ?? 'no entry' };
    }
    const { entry } = checked;
    const edge = head.edge.clone();
    edge.append(entryLeafHash(this.#suite, item.entryBytes));
    const context =
      entry.kind === 'context' ? contextAfter(this.#suite, head.context, { entry, ...item }) : head.context;
    run.head = { ledger: head.ledger ?? ledgerIdOf(this.#suite, item.entryBytes), edge, context };
    run.items.push({ item, wallMs: entry.prefix.wallMs });
    return null;
  }

  /** Carries the channel table of the context in force, which is costly to read again for every item. */
  #checkerOf(head: Head): ItemChecker {
    if (this.#checker === null || this.#checker.context !== head.context) {
      const checker = new ItemChecker(this.#suite, this.#key);
      checker.startSegment(this.#headerOf(head));
      this.#checker = { checker, context: head.context };
    }
    return this.#checker.checker;
  }

  #objection(checked: CheckedItem, head: Head): string | null {
    const { entry, faults, signature } = checked;
    const fault = faults.find(({ code }) => FINDINGS[code] !== 'findings');
    if (fault !== undefined) return fault.text;
    if (entry === null || signature !== 'good') return 'it is not signed by the trusted key';
    const { prefix } = entry;
    if (!equalBytes(prefix.root, head.edge.root())) return 'it was signed over other entries than are held';
    if (!equalBytes(prefix.ctx, head.context?.leaf ?? NO_HASH)) return 'it names another context than the one in force';
    if (prefix.seq === 0 && entry.kind !== 'key') return 'entry 0 is no key event';
    const ledger = checked.ledgerId ?? prefix.ledger;
    const known = head.ledger === null ? this.#expected : toHex(head.ledger);
    if (known !== undefined && toHex(ledger) !== known) return `it belongs to the ledger ${toHex(ledger)}`;
    return null;
  }

  async #keep(run: Run): Promise<void> {
    const before = this.#head;
    const times = run.items.map(({ wallMs }) => wallMs);
    await this.#log.commit({
      firstSeq: before.edge.size,
      ...joinItems(run.items.map(({ item }) => item)),
      earliestMs: Math.min(...times),
      latestMs: Math.max(...times),
      header: () => this.#headerOf({ ...before, ledger: run.head.ledger }),
    });
    this.#head = run.head;
    if (this.#live === null) await this.#show();
    else this.#live.advance(run.head.edge);
  }

  #headerOf({ ledger, edge, context }: Head) {
    return {
      ledger: ledger ?? new Uint8Array(8),
      firstSeq: edge.size,
      edge: [...edge.hashes()],
      coseKey: this.#key.coseKey,
      context: context === null ? null : { entryBytes: context.entryBytes, parts: context.parts },
    };
  }

  async #show(): Promise<void> {
    const { ledger, edge } = this.#head;
    if (ledger === null) return;
    this.#live = await LiveSegments.measure(this.#dir, this.#files, this.#log, { ledger, edge });
    this.#reader = new LedgerView(this.#live, this.#files, this.#suite);
  }
}
