import { join } from 'node:path';
import { type Clock, faultText, isLimpidError, LimpidError, settleAll } from '@limpid/sdk/core';
import {
  type Item,
  ledgerOrigin,
  openReceipt,
  type PublicKey,
  parseItem,
  type Signer,
  type Suite,
} from '@limpid/sdk/ledger/seal';
import type { Files } from '@limpid/sdk/ledger/store';
import type { UplinkLog } from '@limpid/sdk/uplinks';
import { HeldLedger } from './held-ledger.ts';
import type { LedgerCopy } from './ledger-copy.ts';
import { ReceiptBook } from './receipt-book.ts';
import type { Trust, TrustedKey } from './trust.ts';

export interface ShelfDeps {
  clock: Clock;
  suite: Suite;
  files: Files;
  log: UplinkLog;
  /** the key that wrote the copy in this folder, or null when there is none yet */
  keyOfCopy: (directory: string) => Promise<PublicKey | null>;
  openCopy: (directory: string, ledger: string, key: PublicKey) => Promise<LedgerCopy>;
}

export interface ShelfOptions {
  /** one folder a ledger below it */
  directory: string;
  /** how the collector calls itself in its notes */
  name: string;
  /** hands a note to the gateway */
  publish: (ledger: string, note: string) => void;
}

/** These are about the whole collector (its disk, a second one on it), not about one ledger. */
const FATAL = ['LEDGER_LOCKED', 'LEDGER_READ_ONLY', 'LEDGER_WRITE_FAILED'] as const;

/** The copies that the collector holds. One that is damaged is put by and told about; the others go on. */
export class Shelf {
  readonly #options: ShelfOptions;
  readonly #deps: ShelfDeps;
  readonly #held = new Map<string, HeldLedger>();
  readonly #failed = new Set<string>();
  readonly #heard = new Map<string, { note: string; timeS: number }>();
  #trust: Trust | null = null;
  #signer: Signer | null = null;

  constructor(options: ShelfOptions, deps: ShelfDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  all(): HeldLedger[] {
    return [...this.#held.values()];
  }

  /** Ledgers that were put by: nothing is taken for them until a person has seen to it and the collector is restarted. */
  failed(): string[] {
    return [...this.#failed];
  }

  /** Opens the copies of earlier runs, so that their gateways hear at once where they stand. */
  async open(trust: Trust, signer: Signer): Promise<void> {
    this.#trust = trust;
    this.#signer = signer;
    const { directory } = this.#options;
    const { files, keyOfCopy } = this.#deps;
    await files.mkdir(directory);
    for (const ledger of await files.readdir(directory)) {
      if (!/^[0-9a-f]{16}$/.test(ledger)) continue;
      await this.#guard(ledger, async () => {
        const key = await keyOfCopy(join(directory, ledger));
        const trusted = key === null ? undefined : trust.find(ledger, key);
        if (trusted !== undefined) await this.#hold(ledger, trusted);
      });
    }
  }

  async close(): Promise<void> {
    const held = this.all();
    this.#held.clear();
    await settleAll(held.map((ledger) => () => ledger.close()));
  }

  /** Whether this ledger is one to be kept; the first message of one that is new is its passport. */
  async admits(ledger: string, payload: Uint8Array): Promise<boolean> {
    if (this.#held.has(ledger) || this.#failed.has(ledger)) return true;
    const first = firstItem(payload);
    const trusted = first === null ? null : this.#signerOf(ledger, first);
    if (trusted === null) return false;
    await this.#guard(ledger, () => this.#hold(ledger, trusted));
    return true;
  }

  /** `idle`: nothing else is waiting. */
  async take(ledger: string, payloads: readonly Uint8Array[], idle: boolean): Promise<void> {
    await this.#guard(ledger, async () => this.#held.get(ledger)?.take(payloads, idle));
  }

  /** What the broker retained of our receipts: after a loss of the disk it is all that is known of them. */
  hear(note: string): void {
    const ledger = /^limpid\/1\/([0-9a-f]{16})\n/.exec(note)?.[1];
    if (ledger === undefined || this.#signer === null) return;
    try {
      const { timeS } = openReceipt(this.#deps.suite, note, [this.#signer.publicKey], ledgerOrigin(ledger));
      const before = this.#heard.get(ledger);
      if (before === undefined || timeS > before.timeS) this.#heard.set(ledger, { note, timeS });
      this.#held.get(ledger)?.hear(note, timeS);
    } catch (fault) {
      if (!isLimpidError(fault, 'NOTE_MALFORMED')) throw fault; // somebody else's
    }
  }

  async #hold(ledger: string, trusted: TrustedKey): Promise<void> {
    const { clock, suite, files, openCopy, log } = this.#deps;
    const directory = join(this.#options.directory, ledger);
    const copy = await openCopy(directory, ledger, trusted.key);
    try {
      const held = await HeldLedger.open({
        ...{ directory, copy, files },
        book: new ReceiptBook({ ledger, clock, suite, signer: this.#signer!, name: this.#options.name }),
        publish: (note) => this.#options.publish(ledger, note),
        report: (fault) => log.error({ code: fault.code, ledger }, fault.message),
      });
      const heard = this.#heard.get(ledger);
      if (heard !== undefined) held.hear(heard.note, heard.timeS);
      this.#held.set(ledger, held);
    } catch (fault) {
      await copy.close();
      throw fault;
    }
    log.info({ ledger, label: trusted.label, size: copy.holding().size }, 'ledger');
  }

  /** Rejects only with what concerns the whole collector. */
  async #guard(ledger: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (fault) {
      if (FATAL.some((code) => isLimpidError(fault, code))) throw fault;
      const { log } = this.#deps;
      log.error({ code: isLimpidError(fault) ? fault.code : 'INTERNAL', ledger }, faultText(fault));
      if (isLimpidError(fault) && fault.retry) return; // a full disk: the gateways send again
      const held = this.#held.get(ledger);
      this.#held.delete(ledger);
      this.#failed.add(ledger);
      await held?.close().catch((why: unknown) => log.warn({ ledger }, `not closed: ${faultText(why)}`));
    }
  }

  #signerOf(ledger: string, item: Item): TrustedKey | null {
    try {
      return this.#trust!.signerOf(ledger, item);
    } catch (fault) {
      if (fault instanceof LimpidError) return null; // not even an entry: a stranger
      throw fault;
    }
  }
}

function firstItem(payload: Uint8Array): Item | null {
  try {
    const parsed = parseItem(payload);
    return parsed === 'incomplete' ? null : parsed.item;
  } catch (fault) {
    if (fault instanceof LimpidError) return null;
    throw fault;
  }
}
