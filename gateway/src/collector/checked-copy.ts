import { isLimpidError } from '@limpid/sdk/core';
import { type Item, isFork, type PublicKey, type Suite } from '@limpid/sdk/ledger/seal';
import { ChainCheck, type ChainState } from './chain-check.ts';
import type { Holding, LedgerCopy, Taken, Trouble } from './ledger-copy.ts';

/** Where the items of a copy lie. `append` resolves when they are durable. */
export interface CopyStore {
  /** null while it is empty */
  state(): ChainState | null;
  read(seq: number): Promise<Item>;
  append(items: readonly Item[]): Promise<void>;
  close(): Promise<void>;
}

export interface CheckedCopyOptions {
  suite: Suite;
  ledger: string;
  key: PublicKey;
  store: CopyStore;
}

/** Appends only what was checked, absorbs what is there already, and tells a repetition from a fork. */
export class CheckedCopy implements LedgerCopy {
  readonly ledger: string;
  readonly #options: CheckedCopyOptions;
  #chain: ChainCheck;
  #durable: Holding;

  constructor(options: CheckedCopyOptions) {
    this.#options = options;
    this.ledger = options.ledger;
    this.#chain = this.#chainOf(options.store.state());
    this.#durable = this.#chain.holding();
  }

  holding(): Holding {
    return this.#durable;
  }

  close(): Promise<void> {
    return this.#options.store.close();
  }

  async take(items: readonly Item[]): Promise<Taken> {
    const fresh: Item[] = [];
    let duplicates = 0;
    let trouble: Trouble | null = null;
    for (const item of items) {
      const verdict = await this.#judge(item, this.#durable.size + fresh.length);
      if (verdict === 'next') fresh.push(item);
      else if (verdict === 'duplicate') duplicates += 1;
      else {
        trouble = verdict;
        // what follows a hole may be what fills it: a message that was sent again
        if (verdict.kind !== 'hole') break;
      }
    }
    await this.#append(fresh);
    return { appended: fresh.length, duplicates, trouble };
  }

  async #append(fresh: readonly Item[]): Promise<void> {
    if (fresh.length === 0) return;
    const { store } = this.#options;
    try {
      await store.append(fresh);
    } catch (fault) {
      this.#chain = this.#chainOf(store.state()); // nothing of it counts
      throw fault;
    }
    this.#durable = this.#chain.holding();
  }

  async #judge(item: Item, size: number): Promise<'next' | 'duplicate' | Trouble> {
    const seq = this.#seqOf(item);
    if (typeof seq !== 'number') return seq;
    if (seq > size) return { kind: 'hole', seq };
    if (seq === size) {
      const wrong = this.#chain.next(item);
      return wrong === null ? 'next' : { kind: 'refused', seq, detail: wrong };
    }
    if (seq >= this.#durable.size) return 'duplicate'; // of one that is on its way to the disk
    return await this.#compare(item, seq);
  }

  /** Other bytes for a sequence that is held: a fork if the key signed another payload, else somebody's rubbish. */
  async #compare(item: Item, seq: number): Promise<'duplicate' | Trouble> {
    const { suite, key, store } = this.#options;
    const ours = await store.read(seq);
    if (isSame(ours.entryBytes, item.entryBytes)) return 'duplicate';
    if (isFork(suite, ours.entryBytes, item.entryBytes, key)) return { kind: 'fork', seq, ours, theirs: item };
    return { kind: 'refused', seq, detail: 'it is not the entry that is held, and not validly signed' };
  }

  #seqOf(item: Item): number | Trouble {
    try {
      return this.#chain.seqOf(item);
    } catch (fault) {
      if (!isLimpidError(fault)) throw fault;
      return { kind: 'refused', seq: null, detail: fault.message };
    }
  }

  #chainOf(state: ChainState | null): ChainCheck {
    const { suite, ledger, key } = this.#options;
    return new ChainCheck(suite, ledger, key, state);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
