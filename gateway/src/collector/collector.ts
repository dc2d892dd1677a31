import { join } from 'node:path';
import {
  backoffDelayMs,
  type Clock,
  DEFAULT_BACKOFF,
  faultText,
  isLimpidError,
  LimpidError,
  type Service,
  settleAll,
  stopped,
  wait,
} from '@limpid/sdk/core';
import { type Item, type PublicKey, parseItem, type Signer, type Suite } from '@limpid/sdk/ledger/seal';
import { type Files, openKeyFile, publicPathOf } from '@limpid/sdk/ledger/store';
import {
  Broker,
  entriesTopic,
  ledgerOfEntriesTopic,
  type MqttSession,
  receiptsTopic,
  type SessionOptions,
  type UplinkLog,
} from '@limpid/sdk/uplinks';
import { HeldLedger, type HeldLedgerStatus } from './held-ledger.ts';
import { Inbox, type Parcel } from './inbox.ts';
import type { LedgerCopy } from './ledger-copy.ts';
import { Quarantine } from './quarantine.ts';
import { ReceiptBook } from './receipt-book.ts';
import { Trust, type TrustedKey } from './trust.ts';

export interface CollectorOptions {
  url: string;
  /** folder of the public keys (PEM) of the ledgers that are believed */
  trustDir: string;
  dataDir: string;
  /** private key of the receipts; `<data>/keys/collector.pem` unless given, made on first start */
  keyFile?: string;
  topicPrefix: string;
  /** how it calls itself in its receipts and to the broker */
  name: string;
  credentials?: Pick<SessionOptions, 'username' | 'password' | 'tls'>;
}

export interface CollectorDeps {
  clock: Clock;
  random: () => number;
  suite: Suite;
  files: Files;
  log: UplinkLog;
  /** the key that wrote the copy in this folder, or null when there is none yet */
  keyOfCopy: (directory: string) => Promise<PublicKey | null>;
  openCopy: (directory: string, ledger: string, key: PublicKey) => Promise<LedgerCopy>;
}

export interface CollectorStatus {
  connected: boolean;
  url: string;
  keyId: string;
  ledgers: HeldLedgerStatus[];
  /** messages of ledgers that nobody has vouched for */
  quarantined: number;
  dropped: number;
}

const KEEPALIVE_S = 30;
const CONNECT_TIMEOUT_S = 10;

/** How long a receipt may be put off while another ledger keeps the collector busy. */
const SETTLE_EVERY_MS = 200;

/**
 * The far end in its embedded form: verifies what arrives, keeps a copy of each ledger that it was told to believe,
 * and signs for what it durably holds. It depends on no broker's memory: after every start and every connection it
 * says where it stands, and the gateways go on from there.
 */
export class Collector implements Service {
  readonly #options: CollectorOptions;
  readonly #deps: CollectorDeps;
  readonly #running = new AbortController();
  readonly #inbox = new Inbox();
  readonly #held = new Map<string, HeldLedger>();
  readonly #strangers = new Set<string>();
  #quarantined = 0;
  #signer: Signer | null = null;
  #trust: Trust | null = null;
  #quarantine: Quarantine | null = null;
  #session: MqttSession | null = null;
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: CollectorOptions, deps: CollectorDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Reads keys and trust and opens the copies; a broker that is away is no reason to fail. */
  async start(signal?: AbortSignal): Promise<void> {
    const { dataDir, trustDir } = this.#options;
    const { files, suite } = this.#deps;
    if (this.#running.signal.aborted || signal?.aborted) throw stopped(signal);
    this.#signer = await openKeyFile(this.#keyFile, files, { create: true });
    this.#trust = await Trust.load(trustDir, files, suite);
    this.#quarantine = await Quarantine.open(join(dataDir, 'quarantine'), files);
    await this.#openCopies();
    signal?.addEventListener('abort', () => this.#running.abort(), { once: true });
    const running = this.#running.signal;
    this.#work = Promise.all([this.#stayConnected(running), this.#takeIn(running), this.#settleNow(running)]);
    this.#work.catch(() => this.#running.abort()); // `stop` reports it
  }

  async stop(): Promise<void> {
    this.#running.abort();
    const held = [...this.#held.values()];
    this.#held.clear();
    await settleAll([() => this.#work, ...held.map((ledger) => () => ledger.close())]);
  }

  /** Rejects when it cannot go on, for example because its disk failed. */
  get finished(): Promise<unknown> {
    return this.#work;
  }

  /** To be listed in `receiptKeys` of the gateways. */
  get publicKeyFile(): string {
    return publicPathOf(this.#keyFile);
  }

  get #keyFile(): string {
    return this.#options.keyFile ?? join(this.#options.dataDir, 'keys', 'collector.pem');
  }

  status(): CollectorStatus {
    return {
      connected: this.#session !== null,
      url: this.#options.url,
      keyId: Buffer.from(this.#signer?.publicKey.keyId ?? []).toString('hex'),
      ledgers: [...this.#held.values()].map((ledger) => ledger.status()),
      quarantined: this.#quarantined,
      dropped: this.#inbox.dropped,
    };
  }

  async #stayConnected(signal: AbortSignal): Promise<void> {
    const { name, url, credentials } = this.#options;
    const { clock, random, log } = this.#deps;
    const clientId = `${name}-${this.status().keyId}`;
    const timing = { keepaliveS: KEEPALIVE_S, connectTimeoutS: CONNECT_TIMEOUT_S };
    const broker = new Broker({ name, clock, url, clientId, ...timing, ...credentials });
    let failures = 0;
    while (!signal.aborted) {
      try {
        const session = await broker.open(signal);
        failures = 0;
        await this.#serve(session, signal);
      } catch (fault) {
        if (signal.aborted) return;
        log.warn({ code: isLimpidError(fault) ? fault.code : 'INTERNAL' }, faultText(fault));
      }
      failures += 1;
      await wait(clock, backoffDelayMs(DEFAULT_BACKOFF, failures, random), signal).catch(() => {}); // the loop ends
    }
  }

  async #serve(session: MqttSession, signal: AbortSignal): Promise<void> {
    const { topicPrefix, url } = this.#options;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    try {
      session.onMessage = ({ topic, payload }) => {
        const ledger = ledgerOfEntriesTopic(topicPrefix, topic);
        if (ledger !== null) this.#inbox.put({ ledger, payload });
      };
      await session.subscribe(entriesTopic(topicPrefix, '+'), 1);
      this.#session = session;
      this.#deps.log.info({ url, mqtt: session.version === 5 ? '5' : '3.1.1' }, 'connected');
      for (const ledger of this.#held.values()) ledger.greet();
      await Promise.race([aborted, session.closed.then((fault) => Promise.reject(fault))]);
    } finally {
      this.#session = null;
      await session.close();
    }
  }

  async #takeIn(signal: AbortSignal): Promise<void> {
    for (;;) {
      const parcels = await this.#inbox.take(signal);
      if (parcels === null) return;
      await this.#takeRun(parcels);
    }
  }

  async #takeRun(parcels: readonly Parcel[]): Promise<void> {
    const { ledger } = parcels[0]!;
    const payloads = parcels.map(({ payload }) => payload);
    let held = this.#held.get(ledger) ?? null;
    while (held === null && payloads.length > 0) {
      held = await this.#admit(ledger, payloads[0]!);
      if (held === null) await this.#setAside(ledger, payloads.shift()!);
    }
    try {
      await held?.take(payloads, this.#inbox.isEmpty);
    } catch (fault) {
      if (!isLimpidError(fault) || !fault.retry) throw fault;
      this.#deps.log.error({ code: fault.code, ledger }, fault.message); // a full disk: the gateways send again
    }
  }

  /** A ledger that is heard of for the first time since the start. */
  async #admit(ledger: string, payload: Uint8Array): Promise<HeldLedger | null> {
    const first = firstItem(payload);
    const trusted = first === null ? null : this.#signerOf(ledger, first);
    return trusted === null ? null : await this.#hold(ledger, trusted);
  }

  /** The copies of earlier runs, so that their gateways hear at once where they stand. */
  async #openCopies(): Promise<void> {
    const directory = join(this.#options.dataDir, 'ledgers');
    await this.#deps.files.mkdir(directory);
    for (const ledger of await this.#deps.files.readdir(directory)) {
      const key = await this.#deps.keyOfCopy(join(directory, ledger));
      const trusted = key === null ? undefined : this.#trust!.find(ledger, key);
      if (trusted !== undefined) await this.#hold(ledger, trusted);
    }
  }

  async #hold(ledger: string, trusted: TrustedKey): Promise<HeldLedger> {
    const { clock, suite, files, openCopy, log } = this.#deps;
    const directory = join(this.#options.dataDir, 'ledgers', ledger);
    const copy = await openCopy(directory, ledger, trusted.key);
    const held = await HeldLedger.open({
      directory,
      copy,
      files,
      book: new ReceiptBook({ ledger, clock, suite, signer: this.#signer!, name: this.#options.name }),
      publish: (note) => this.#publish(ledger, note),
      report: (fault) => log.error({ code: fault.code, ledger }, fault.message),
    });
    log.info({ ledger, label: trusted.label, size: copy.holding().size }, 'ledger');
    this.#held.set(ledger, held);
    return held;
  }

  #signerOf(ledger: string, item: Item): TrustedKey | null {
    try {
      return this.#trust!.signerOf(ledger, item);
    } catch (fault) {
      if (fault instanceof LimpidError) return null; // not even an entry: a stranger
      throw fault;
    }
  }

  async #setAside(ledger: string, payload: Uint8Array): Promise<void> {
    this.#quarantined += 1;
    await this.#quarantine!.keep(ledger, payload);
    if (this.#strangers.has(ledger)) return;
    this.#strangers.add(ledger);
    const fault = new LimpidError('COLLECT_UNTRUSTED', {
      ledger,
      dir: this.#options.trustDir,
      quarantine: this.#quarantine!.directory,
    });
    this.#deps.log.warn({ code: fault.code, ledger }, fault.message);
  }

  /** Lost with the connection or not: the next one repeats it. */
  #publish(ledger: string, note: string): void {
    const topic = receiptsTopic(this.#options.topicPrefix, ledger);
    this.#session?.publish(topic, note, { qos: 1, retain: true, contentType: 'text/plain' }).catch((fault: unknown) => {
      this.#deps.log.warn({ ledger }, `receipt not sent: ${faultText(fault)}`);
    });
  }

  async #settleNow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await wait(this.#deps.clock, SETTLE_EVERY_MS, signal).catch(() => {}); // aborted: the loop ends
      if (signal.aborted) return;
      for (const ledger of this.#held.values()) ledger.settle();
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
