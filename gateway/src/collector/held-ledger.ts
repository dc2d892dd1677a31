import { join } from 'node:path';
import { type Code, LimpidError } from '@limpid/sdk/core';
import { encodeItem, type Item, parseItem } from '@limpid/sdk/ledger/seal';
import { type Files, replaceFile } from '@limpid/sdk/ledger/store';
import type { LedgerCopy, Trouble } from './ledger-copy.ts';
import type { ReceiptBook } from './receipt-book.ts';

/** What is verified and flushed at once: about a tenth of a second, so that connection and receipts keep their time. */
const FLUSH_ITEMS = 256;

export interface HeldLedgerOptions {
  /** forks lie in `forks/` below */
  directory: string;
  copy: LedgerCopy;
  book: ReceiptBook;
  files: Files;
  /** hands a note to the gateway */
  publish: (note: string) => void;
  report: (fault: LimpidError) => void;
}

export interface HeldLedgerStatus {
  ledger: string;
  size: number;
  appended: number;
  duplicates: number;
  refused: number;
  /** two versions of one entry were found: nothing more is taken and nothing receipted */
  frozen: boolean;
}

/** One ledger that the collector holds: takes messages in, keeps the copy, answers with receipts. */
export class HeldLedger {
  readonly #options: HeldLedgerOptions;
  #appended = 0;
  #duplicates = 0;
  #refused = 0;
  #frozen: boolean;

  private constructor(options: HeldLedgerOptions, frozen: boolean) {
    this.#options = options;
    this.#frozen = frozen;
  }

  /** A fork that was found before keeps the ledger frozen until a person has decided. */
  static async open(options: HeldLedgerOptions): Promise<HeldLedger> {
    const forks = join(options.directory, 'forks');
    const frozen = (await options.files.stat(forks)) !== null && (await options.files.readdir(forks)).length > 0;
    return new HeldLedger(options, frozen);
  }

  status(): HeldLedgerStatus {
    return {
      ledger: this.#options.copy.ledger,
      size: this.#options.copy.holding().size,
      appended: this.#appended,
      duplicates: this.#duplicates,
      refused: this.#refused,
      frozen: this.#frozen,
    };
  }

  close(): Promise<void> {
    return this.#options.copy.close();
  }

  /** Payloads in the order of their arrival; `idle`: nothing else is waiting. */
  async take(payloads: readonly Uint8Array[], idle: boolean): Promise<void> {
    if (this.#frozen) return;
    const before = this.#appended;
    const asks = await this.#takeAll(payloads.flatMap((payload) => this.#parse(payload)));
    this.#answer({ idle, known: this.#appended === before, asks });
  }

  /** True when something is missing. One bad item, or one too early, does not keep out what comes behind it. */
  async #takeAll(items: readonly Item[]): Promise<boolean> {
    let troubled = false;
    for (let from = 0; from < items.length && !this.#frozen; ) {
      const { appended, duplicates, trouble } = await this.#options.copy.take(items.slice(from, from + FLUSH_ITEMS));
      this.#appended += appended;
      this.#duplicates += duplicates;
      from += appended + duplicates;
      if (trouble !== null) {
        troubled = true;
        from += 1;
        await this.#trouble(trouble);
      }
      this.#answer({ idle: false, known: false, asks: false });
    }
    return troubled;
  }

  /** After a start or a new connection: what was under way is lost, so the gateway is asked to go on from here. */
  greet(): void {
    this.#answer({ idle: true, known: true, asks: true });
  }

  /** A receipt of an earlier run. */
  hear(heard: string, timeS: number): void {
    if (this.#frozen) return;
    const { copy, book, publish } = this.#options;
    const note = book.hear(heard, timeS, copy.holding());
    if (note !== null) publish(note);
  }

  /** A receipt that was put off while entries kept coming. */
  settle(): void {
    this.#answer({ idle: true, known: false, asks: false });
  }

  #answer(why: { idle: boolean; known: boolean; asks: boolean }): void {
    if (this.#frozen) return;
    const { copy, book, publish } = this.#options;
    const holding = copy.holding();
    const asked = why.asks ? book.ask(holding) : null;
    const note = asked ?? book.grow(holding, why.idle) ?? (why.known ? book.newest : null);
    if (note !== null) publish(note);
  }

  #parse(payload: Uint8Array): Item[] {
    const items: Item[] = [];
    try {
      for (let at = 0; at < payload.length; ) {
        const parsed = parseItem(payload, at);
        if (parsed === 'incomplete')
          throw new LimpidError('CBOR_MALFORMED', { offset: at, detail: 'it ends inside an item' });
        items.push(parsed.item);
        at = parsed.end;
      }
    } catch (fault) {
      this.#refuse(null, fault instanceof Error ? fault.message : String(fault));
    }
    return items;
  }

  async #trouble(trouble: Trouble): Promise<void> {
    if (trouble.kind === 'refused') this.#refuse(trouble.seq, trouble.detail);
    if (trouble.kind === 'fork') await this.#freeze(trouble);
  }

  #refuse(seq: number | null, detail: string): void {
    this.#refused += 1;
    // whoever reaches the broker can send rubbish: not every piece is worth a line
    if ((this.#refused & (this.#refused - 1)) !== 0) return;
    this.#report('COLLECT_REFUSED', { seq: seq ?? '?', detail });
  }

  /** Both versions on the disk, one after the other as items: two signatures that anybody can check. */
  async #freeze({ seq, ours, theirs }: Extract<Trouble, { kind: 'fork' }>): Promise<void> {
    const { directory, files } = this.#options;
    const forks = join(directory, 'forks');
    const file = join(forks, `${seq}.cbor`);
    this.#frozen = true;
    await files.mkdir(forks);
    await replaceFile(files, file, concat(encodeItem(ours), encodeItem(theirs)), { permissions: 0o400 });
    this.#report('COLLECT_FORK', { seq, file });
  }

  #report(code: Code, params: { seq: number | string; detail?: string; file?: string }): void {
    this.#options.report(new LimpidError(code, { ledger: this.#options.copy.ledger, ...params }));
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
