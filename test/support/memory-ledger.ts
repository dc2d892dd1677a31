import { generateKeyPairSync } from 'node:crypto';
import { type Channel, type Clock, LimpidError } from '@limpid/sdk/core';
import {
  type Detail,
  type Entry,
  EVENT_CODES,
  entryLeafHash,
  ledgerIdOf,
  type Prefix,
  RightEdge,
  type Signer,
  sealEntry,
  toHex,
  treeHead,
} from '@limpid/sdk/ledger/seal';
import { createNodeSigner, createNodeSuite, type LedgerItem, type LedgerReader } from '@limpid/sdk/ledger/store';

const ZEROS = new Uint8Array(32);

/** A ledger in memory behind the reader's contract, with real signatures and a real tree. */
export class MemoryLedger implements LedgerReader {
  readonly suite = createNodeSuite();
  readonly signer: Signer;
  readonly clock: Clock;
  channels: readonly Channel[] = [];
  first = 0;
  #id = '';
  readonly #items: LedgerItem[] = [];
  readonly #leaves: Uint8Array[] = [];
  readonly #edge = new RightEdge(this.suite);
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock, signer: Signer = createNodeSigner(generateKeyPairSync('ed25519').privateKey)) {
    this.clock = clock;
    this.signer = signer;
    this.#append({
      kind: 'key',
      prefix: this.#prefix(),
      op: 0,
      coseKey: signer.publicKey.coseKey,
      proof: new Uint8Array(0),
    });
    this.#id = toHex(ledgerIdOf(this.suite, this.#items[0]!.entryBytes));
  }

  get id(): string {
    return this.#id;
  }

  get all(): readonly LedgerItem[] {
    return this.#items;
  }

  size = () => this.#items.length;
  firstSeq = () => this.first;
  rootAt = async (size: number) => treeHead(this.suite, this.#leaves.slice(0, size));
  findByTime = async (wallMs: number) => this.#items.filter((item) => item.entry.prefix.wallMs < wallMs).length;
  channelsAt = async () => this.channels;

  async read(seq: number): Promise<LedgerItem> {
    const item = this.#items[seq];
    if (item === undefined || seq < this.first)
      throw new LimpidError('LEDGER_NO_SUCH_ENTRY', { seq, size: this.size() });
    return item;
  }

  async *items(
    from: number,
    options: { to?: number; follow?: boolean; signal?: AbortSignal } = {},
  ): AsyncGenerator<LedgerItem> {
    const { to = Number.POSITIVE_INFINITY, follow = false, signal } = options;
    for (let seq = from; seq < to && !signal?.aborted; seq += 1) {
      while (seq >= this.size() && follow && !signal?.aborted) await this.#growth(signal);
      if (signal?.aborted || seq >= this.size()) return;
      yield await this.read(seq);
    }
  }

  /** An event with any detail; enough for whoever only forwards. */
  addEvent(detail: Detail): LedgerItem {
    return this.#append({ kind: 'event', prefix: this.#prefix(), code: EVENT_CODES.finding, detail });
  }

  addEvents(count: number): void {
    for (let index = 0; index < count; index += 1) this.addEvent({ index: this.size() });
  }

  addEntry(make: (prefix: Prefix) => Entry, body: Uint8Array | null): LedgerItem {
    return this.#append(make(this.#prefix()), body);
  }

  #append(entry: Entry, body: Uint8Array | null = null): LedgerItem {
    const entryBytes = sealEntry(entry, this.signer);
    const item = { seq: this.size(), entryBytes, entry, body };
    const leaf = entryLeafHash(this.suite, entryBytes);
    this.#items.push(item);
    this.#leaves.push(leaf);
    this.#edge.append(leaf);
    for (const wake of this.#waiting) wake();
    return item;
  }

  #prefix(): Prefix {
    const lastContext = this.#items.findLast((item) => item.entry.kind === 'context');
    return {
      ledger: this.size() === 0 ? new Uint8Array(8) : Uint8Array.from(Buffer.from(this.#id, 'hex')),
      seq: this.size(),
      root: this.#edge.root(),
      ctx: lastContext === undefined ? ZEROS : entryLeafHash(this.suite, lastContext.entryBytes),
      start: 1,
      hwctr: null,
      wallMs: this.clock.wallMs(),
      monoMs: Math.floor(this.clock.monoMs()),
      clock: this.clock.wallState(),
    };
  }

  #growth(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}
