import { createSystemClock } from '@limpid/sdk/core';
import {
  type Item,
  ledgerOrigin,
  parseItem,
  peekEntry,
  type Signer,
  type Suite,
  signReceipt,
} from '@limpid/sdk/ledger/seal';
import { Broker, entriesTopic, type MqttSession, receiptsTopic } from '@limpid/sdk/uplinks';
import type { MemoryLedger } from './memory-ledger.ts';

/** The other end of an uplink, which receipts what and when the test says. */
export class FarEnd {
  /** the sequences of each message */
  readonly messages: number[][] = [];
  readonly items: Item[] = [];
  readonly other = new Map<string, string>();
  /** called with the sequences of each message */
  onEntries: (sequences: readonly number[]) => void = () => {};
  readonly #url: string;
  readonly #ledger: MemoryLedger;
  readonly #signer: Signer;
  readonly #suite: Suite;
  #session: MqttSession | null = null;

  constructor(options: { url: string; ledger: MemoryLedger; signer: Signer }) {
    this.#url = options.url;
    this.#ledger = options.ledger;
    this.#signer = options.signer;
    this.#suite = options.ledger.suite;
  }

  async connect(): Promise<void> {
    const clock = createSystemClock();
    const timing = { keepaliveS: 30, connectTimeoutS: 5 };
    this.#session = await new Broker({ name: 'far-end', clock, url: this.#url, clientId: 'far-end', ...timing }).open();
    const entries = entriesTopic('limpid/1', this.#ledger.id);
    this.#session.onMessage = ({ topic, payload }) => {
      if (topic === entries) this.#take(payload);
      else this.other.set(topic, new TextDecoder().decode(payload));
    };
    await this.#session.subscribe(entries, 1);
    await this.#session.subscribe(`limpid/1/${this.#ledger.id}/status`, 0);
    await this.#session.subscribe(`limpid/1/${this.#ledger.id}/live/#`, 0);
  }

  get sequences(): number[] {
    return this.messages.flat();
  }

  async sign(size: number, change: { by?: Signer; root?: Uint8Array; timeS?: number } = {}): Promise<string> {
    const root = change.root ?? (await this.#ledger.rootAt(Math.min(size, this.#ledger.size())));
    const timeS = change.timeS ?? Math.floor(Date.now() / 1000);
    const origin = ledgerOrigin(this.#ledger.id);
    return signReceipt(this.#suite, { origin, size, root, timeS }, 'far-end', change.by ?? this.#signer);
  }

  async publish(note: string): Promise<void> {
    await this.#session!.publish(receiptsTopic('limpid/1', this.#ledger.id), note, { qos: 1, retain: true });
  }

  async receipt(size: number, change: { by?: Signer; root?: Uint8Array; timeS?: number } = {}): Promise<void> {
    await this.publish(await this.sign(size, change));
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  #take(payload: Uint8Array): void {
    const sequences: number[] = [];
    for (let at = 0; at < payload.length; ) {
      const parsed = parseItem(payload, at);
      if (parsed === 'incomplete') throw new Error('a message ends inside an item');
      this.items.push(parsed.item);
      sequences.push(peekEntry(parsed.item.entryBytes).entry.prefix.seq);
      at = parsed.end;
    }
    this.messages.push(sequences);
    this.onEntries(sequences);
  }
}
