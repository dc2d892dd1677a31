import { join } from 'node:path';
import {
  backoffDelayMs,
  DEFAULT_BACKOFF,
  faultText,
  isLimpidError,
  LimpidError,
  type Service,
  settleAll,
  stopped,
  wait,
} from '@limpid/sdk/core';
import type { Signer } from '@limpid/sdk/ledger/seal';
import { openKeyFile, publicPathOf } from '@limpid/sdk/ledger/store';
import {
  Broker,
  entriesTopic,
  ledgerOfEntriesTopic,
  type MqttSession,
  receiptsTopic,
  type SessionOptions,
} from '@limpid/sdk/uplinks';
import type { HeldLedgerStatus } from './held-ledger.ts';
import { Inbox, type Parcel } from './inbox.ts';
import { Quarantine } from './quarantine.ts';
import { Shelf, type ShelfDeps } from './shelf.ts';
import { Trust } from './trust.ts';

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

export interface CollectorDeps extends ShelfDeps {
  random: () => number;
}

export interface CollectorStatus {
  connected: boolean;
  url: string;
  keyId: string;
  ledgers: HeldLedgerStatus[];
  /** ledgers whose copy is damaged or cannot be opened: nothing is taken for them, the others go on */
  failed: string[];
  /** messages of ledgers that nobody has vouched for */
  quarantined: number;
  dropped: number;
}

const KEEPALIVE_S = 30;
const CONNECT_TIMEOUT_S = 10;

/** A connection that lasted so long was a good one: the next attempt is the first again. */
const STEADY_MS = 10_000;

/** A receipt is a few hundred bytes. */
const LONGEST_NOTE = 16_384;

/** Each is told about once; whoever reaches the broker can make up any number of them. */
const MOST_STRANGERS = 1_000;

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
  readonly #shelf: Shelf;
  readonly #strangers = new Set<string>();
  #quarantined = 0;
  #unkept = 0;
  #signer: Signer | null = null;
  #quarantine: Quarantine | null = null;
  #session: MqttSession | null = null;
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: CollectorOptions, deps: CollectorDeps) {
    this.#options = options;
    this.#deps = deps;
    const directory = join(options.dataDir, 'ledgers');
    const publish = (ledger: string, note: string) => this.#publish(ledger, note);
    this.#shelf = new Shelf({ directory, name: options.name, publish }, deps);
  }

  /** Reads keys and trust and opens the copies; a broker that is away is no reason to fail. */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#running.signal.aborted || signal?.aborted) throw stopped(signal);
    try {
      await this.#open();
    } catch (fault) {
      await this.#shelf.close();
      throw fault;
    }
    signal?.addEventListener('abort', () => this.#running.abort(), { once: true });
    const running = this.#running.signal;
    this.#work = Promise.all([this.#stayConnected(running), this.#takeIn(running), this.#settleNow(running)]);
    this.#work.catch(() => this.#running.abort()); // `stop` reports it
  }

  async #open(): Promise<void> {
    const { dataDir, trustDir } = this.#options;
    const { files, suite } = this.#deps;
    this.#signer = await openKeyFile(this.#keyFile, files, { create: true });
    this.#quarantine = await Quarantine.open(join(dataDir, 'quarantine'), files);
    await this.#shelf.open(await Trust.load(trustDir, files, suite), this.#signer);
  }

  async stop(): Promise<void> {
    this.#running.abort();
    await settleAll([() => this.#work, () => this.#shelf.close()]);
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
      ledgers: this.#shelf.all().map((ledger) => ledger.status()),
      failed: this.#shelf.failed(),
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
      const sinceMs = clock.monoMs();
      try {
        await this.#serve(await broker.open(signal), signal);
      } catch (fault) {
        if (signal.aborted) return;
        log.warn({ code: isLimpidError(fault) ? fault.code : 'INTERNAL' }, faultText(fault));
      }
      // a broker that lets us in only to throw us out is no better than one that is away
      failures = clock.monoMs() - sinceMs > STEADY_MS ? 1 : failures + 1;
      await wait(clock, backoffDelayMs(DEFAULT_BACKOFF, failures, random), signal).catch(() => {}); // the loop ends
    }
  }

  async #serve(session: MqttSession, signal: AbortSignal): Promise<void> {
    const { topicPrefix, url } = this.#options;
    let leave: () => void = () => {};
    const aborted = new Promise<void>((resolve) => {
      leave = resolve;
    });
    signal.addEventListener('abort', leave, { once: true });
    try {
      session.onMessage = ({ topic, payload, retained }) => {
        const ledger = ledgerOfEntriesTopic(topicPrefix, topic);
        if (ledger !== null) this.#inbox.put({ ledger, payload });
        else if (retained && payload.length < LONGEST_NOTE) this.#shelf.hear(new TextDecoder().decode(payload));
      };
      const subscribed = this.#listenBack(session).then(() => session.subscribe(entriesTopic(topicPrefix, '+'), 1));
      await Promise.race([subscribed, aborted]);
      if (signal.aborted) return;
      this.#session = session;
      this.#deps.log.info({ url, mqtt: session.version === 5 ? '5' : '3.1.1' }, 'connected');
      for (const ledger of this.#shelf.all()) ledger.greet();
      await Promise.race([aborted, session.closed.then((fault) => Promise.reject(fault))]);
    } finally {
      signal.removeEventListener('abort', leave);
      this.#session = null;
      await session.close();
    }
  }

  /** A broker may forbid it: then receipts go by this clock alone. */
  async #listenBack(session: MqttSession): Promise<void> {
    const receipts = receiptsTopic(this.#options.topicPrefix, '+');
    await session.subscribe(receipts, 1).catch((fault: unknown) => {
      this.#deps.log.warn({}, `earlier receipts cannot be read: ${faultText(fault)}`);
    });
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
    while (payloads.length > 0 && !(await this.#shelf.admits(ledger, payloads[0]!))) {
      await this.#setAside(ledger, payloads.shift()!);
    }
    if (payloads.length > 0) await this.#shelf.take(ledger, payloads, this.#inbox.isEmpty);
  }

  async #setAside(ledger: string, payload: Uint8Array): Promise<void> {
    this.#quarantined += 1;
    try {
      await this.#quarantine!.keep(ledger, payload);
    } catch (fault) {
      // a full disk; nothing was lost that anybody had promised
      if (isPowerOfTwo(++this.#unkept)) this.#deps.log.warn({ ledger }, `not kept aside: ${faultText(fault)}`);
    }
    if (this.#strangers.has(ledger) || this.#strangers.size >= MOST_STRANGERS) return;
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
      for (const ledger of this.#shelf.all()) ledger.settle();
    }
  }
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
