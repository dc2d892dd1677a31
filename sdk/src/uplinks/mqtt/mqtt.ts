import { join, resolve } from 'node:path';
import { backoffDelayMs, DEFAULT_BACKOFF } from '../../core/backoff.ts';
import { wait } from '../../core/clock.ts';
import { faultText, isLimpidError, LimpidError } from '../../core/error.ts';
import { stopped } from '../../core/lifecycle.ts';
import { ED25519 } from '../../ledger/seal/keys.ts';
import type { PublicKey } from '../../ledger/seal/suite.ts';
import { readPublicKeyFile } from '../../ledger/store/key-file.ts';
import { DeliveryWindow } from '../delivery-window.ts';
import { createDurableText, type DurableText } from '../durable-text.ts';
import { ReceiptDesk } from '../receipt-desk.ts';
import type { Uplink, UplinkDeps, UplinkStatus } from '../uplink.ts';
import { Broker } from './broker.ts';
import { loadCredentials } from './credentials.ts';
import { EvidenceLane } from './evidence-lane.ts';
import { FaultBoard } from './fault-board.ts';
import { runLiveLane } from './live-lane.ts';
import { type MqttOptions, parseMqttOptions } from './options.ts';
import { type MqttSession, NO_MATCHING_SUBSCRIBERS } from './session.ts';
import { entriesTopic, receiptsTopic, statusTopic } from './topics.ts';

/** topic, header and properties of a message that must fit into the broker's packet size beside the payload */
const PACKET_OVERHEAD_BYTES = 512;

/** How long the last word may take. */
const PARTING_MS = 500;

/** A connection that lasted so long was a good one: the next attempt is the first again. */
const STEADY_MS = 60_000;

/** How often the place of an uplink without receipts is written down. */
const POSITION_EVERY_MS = 5_000;

/** CONFIG_SHAPE when the options are wrong; files and variables they name are read by `start`. */
export function createMqttUplink(name: string, options: unknown, deps: UplinkDeps): Uplink {
  return new MqttUplink(name, parseMqttOptions(name, options), deps);
}

class MqttUplink implements Uplink {
  readonly name: string;
  readonly kind = 'mqtt';
  readonly #options: MqttOptions;
  readonly #deps: UplinkDeps;
  readonly #faults = new FaultBoard();
  readonly #running = new AbortController();
  readonly #window: DeliveryWindow;
  readonly #lane: EvidenceLane;
  readonly #position: DurableText;
  #desk: ReceiptDesk | null = null;
  #session: MqttSession | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(name: string, options: MqttOptions, deps: UplinkDeps) {
    this.name = name;
    this.#options = options;
    this.#deps = deps;
    this.#window = new DeliveryWindow(deps.ledger.firstSeq(), options.receiptKeys.length > 0);
    this.#position = createDurableText(deps.files, join(deps.stateDir, 'uplinks', name, 'position'));
    this.#lane = new EvidenceLane({
      name,
      ledger: deps.ledger,
      clock: deps.clock,
      window: this.#window,
      outstandingBytes: options.outstandingMiB * 1024 * 1024,
      progressTimeoutMs: options.progressTimeoutS * 1000,
      onStall: (fault) => this.#stalled(fault),
    });
  }

  /** Rejects with KEY_UNREADABLE, KEY_WEAK or CONFIG_UNREADABLE; a broker that is away is no reason to. */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#running.signal.aborted) throw stopped(signal);
    const broker = await this.#prepare();
    if (signal?.aborted) throw stopped(signal);
    signal?.addEventListener('abort', () => this.#running.abort(), { once: true });
    this.#loop = this.#run(broker, this.#running.signal);
  }

  async stop(): Promise<void> {
    this.#running.abort();
    await this.#loop;
    await this.#desk?.settled();
  }

  status(): UplinkStatus {
    const { ledger } = this.#deps;
    const receiptedSize = this.#desk?.receiptedSize ?? 0;
    const taken = this.#takesReceipts ? receiptedSize : this.#window.taken;
    return {
      name: this.name,
      connected: this.#session !== null,
      cursor: this.#window.cursor,
      receiptedSize,
      receiptAtMs: this.#desk?.receiptAtMs ?? null,
      backlog: ledger.size() - Math.max(taken, ledger.firstSeq()),
      sent: this.#window.sent,
      resent: this.#window.resent,
      lastFault: this.#faults.worst(),
    };
  }

  get #takesReceipts(): boolean {
    return this.#options.receiptKeys.length > 0;
  }

  async #prepare(): Promise<Broker> {
    const { deps, name } = { deps: this.#deps, name: this.name };
    const credentials = await loadCredentials(this.#options, deps);
    const keys = await Promise.all(this.#options.receiptKeys.map((file) => this.#receiptKey(file)));
    this.#desk = new ReceiptDesk({
      court: { uplink: name, suite: deps.suite, ledger: deps.ledger, keys },
      store: createDurableText(deps.files, join(deps.stateDir, 'uplinks', name, 'receipt.note')),
      deps,
      onProgress: (size) => this.#lane.receipt(size),
      onGoBack: (size) => this.#lane.requestGoBack(size),
      onFault: (fault) => this.#faults.set('receipt', fault),
    });
    if (this.#takesReceipts) await this.#desk.restore();
    const from = this.#takesReceipts ? this.#desk.receiptedSize : await this.#loadPosition();
    this.#window.startAt(Math.max(deps.ledger.firstSeq(), Math.min(from, deps.ledger.size())));
    return new Broker({
      name,
      clock: deps.clock,
      url: this.#options.url,
      clientId: this.#options.clientId ?? `limpid-${deps.ledger.id}-${name}`.slice(0, 128),
      keepaliveS: this.#options.keepaliveS,
      connectTimeoutS: this.#options.connectTimeoutS,
      will: { topic: statusTopic(this.#options.topicPrefix, deps.ledger.id), payload: 'offline' },
      ...credentials,
    });
  }

  async #receiptKey(name: string): Promise<PublicKey> {
    const file = resolve(this.#deps.siteDir, name);
    const key = await readPublicKeyFile(file, this.#deps.files);
    if (key.algorithm === ED25519) return key;
    throw new LimpidError('KEY_UNREADABLE', { file, detail: 'receipts are signed with Ed25519' });
  }

  /** Connects, serves the connection to its end, waits, and connects again. */
  async #run(broker: Broker, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const { taken } = this.#window;
      const sinceMs = this.#deps.clock.monoMs();
      try {
        await this.#serve(await broker.open(signal), signal);
      } catch (fault) {
        if (signal.aborted) break;
        this.#lost(fault);
      }
      if (signal.aborted) break;
      // a broker that lets us in only to throw us out is no better than one that is away
      const wasGood = this.#window.taken > taken || this.#deps.clock.monoMs() - sinceMs > STEADY_MS;
      failures = wasGood ? 1 : failures + 1;
      const delayMs = backoffDelayMs(DEFAULT_BACKOFF, failures, this.#deps.random);
      await wait(this.#deps.clock, delayMs, signal).catch(() => {}); // aborted: the loop ends
    }
    await this.#savePosition();
  }

  async #serve(session: MqttSession, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const serving = AbortSignal.any([signal, over.signal]);
    const ends: Promise<unknown>[] = [session.closed.then((fault) => Promise.reject(fault))];
    try {
      await Promise.race([this.#greet(session), abortionOf(serving)]);
      this.#session = session;
      this.#faults.set('connection', null);
      ends.push(this.#sendEvidence(session, serving));
      if (this.#options.live) ends.push(this.#showLive(session, serving));
      if (!this.#takesReceipts) ends.push(this.#notePosition(serving));
      await Promise.race(ends);
    } finally {
      this.#session = null;
      over.abort();
      if (signal.aborted) await this.#part(session);
      await session.close();
      await Promise.allSettled(ends); // their faults come after the first, which is the one that tells
    }
  }

  async #greet(session: MqttSession): Promise<void> {
    const { id } = this.#deps.ledger;
    const { topicPrefix } = this.#options;
    const receipts = receiptsTopic(topicPrefix, id);
    session.onMessage = ({ topic, payload }) => {
      if (topic === receipts) this.#desk?.take(new TextDecoder().decode(payload));
    };
    if (this.#takesReceipts) await session.subscribe(receipts, 1);
    await session.publish(statusTopic(topicPrefix, id), 'online', { qos: 0, retain: true });
  }

  #sendEvidence(session: MqttSession, signal: AbortSignal): Promise<void> {
    const topic = entriesTopic(this.#options.topicPrefix, this.#deps.ledger.id);
    const packetBytes = session.maximumPacketBytes - PACKET_OVERHEAD_BYTES;
    const send = async (payload: Uint8Array) => {
      if (payload.length > packetBytes) {
        const detail = `the broker takes packets of ${session.maximumPacketBytes} bytes, one entry has ${payload.length}`;
        throw new LimpidError('UPLINK_REFUSED', { uplink: this.name, url: this.#options.url, detail });
      }
      this.#acknowledged(await session.publish(topic, payload, { qos: 1, contentType: 'application/cbor-seq' }));
    };
    const maxInFlight = Math.min(this.#options.window, session.receiveMaximum);
    return this.#lane.run(
      { send, maxInFlight, messageBytes: Math.min(this.#options.messageBytes, packetBytes) },
      signal,
    );
  }

  /** Evidence does not wait for what people look at: a fault here ends the live lane of this connection only. */
  async #showLive(session: MqttSession, signal: AbortSignal): Promise<void> {
    try {
      await runLiveLane(
        { ledger: this.#deps.ledger, prefix: this.#options.topicPrefix },
        ({ topic, payload }) =>
          session.publish(topic, payload, { qos: 0, retain: true, contentType: 'application/json' }),
        signal,
      );
    } catch (fault) {
      if (signal.aborted) return;
      this.#deps.log?.warn({ uplink: this.name }, `live values: ${faultText(fault)}`);
      await abortionOf(signal);
    }
  }

  /** Only MQTT 5 brokers tell; it says that nobody stores, not that anything is lost. */
  #acknowledged(reason: number): void {
    const nobody = reason === NO_MATCHING_SUBSCRIBERS;
    const fault = nobody
      ? new LimpidError('UPLINK_NO_SUBSCRIBER', { uplink: this.name, url: this.#options.url })
      : null;
    this.#faults.set('subscriber', fault);
  }

  #stalled(fault: LimpidError | null): void {
    this.#faults.set('progress', fault);
    if (fault !== null) this.#deps.log?.warn({ uplink: this.name, code: fault.code }, fault.message);
  }

  #lost(fault: unknown): void {
    const known = isLimpidError(fault)
      ? fault
      : new LimpidError('INTERNAL', { detail: String(fault) }, { cause: fault });
    this.#faults.set('connection', known);
    this.#deps.log?.warn({ uplink: this.name, code: known.code }, known.message);
  }

  async #part(session: MqttSession): Promise<void> {
    const topic = statusTopic(this.#options.topicPrefix, this.#deps.ledger.id);
    const patience = new AbortController();
    // a connection that is gone, or whose far side reads nothing any more, leaves the will to say it
    const said = session.publish(topic, 'offline', { qos: 0, retain: true }).catch(() => {});
    await Promise.race([said, wait(this.#deps.clock, PARTING_MS, patience.signal).catch(() => {})]);
    patience.abort();
  }

  async #notePosition(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await wait(this.#deps.clock, POSITION_EVERY_MS, signal).catch(() => {}); // aborted: the loop ends
      await this.#savePosition();
    }
  }

  /** What is not written down is sent once more after a restart; a full disk is no reason to stop sending. */
  async #savePosition(): Promise<void> {
    if (this.#takesReceipts) return;
    const text = `${this.#deps.ledger.id} ${this.#window.taken}`;
    await this.#position.save(text).catch((fault: unknown) => {
      this.#deps.log?.warn({ uplink: this.name }, `position not kept: ${faultText(fault)}`);
    });
  }

  /** Of another ledger, or unreadable: from the beginning. */
  async #loadPosition(): Promise<number> {
    const [ledger, seq = ''] = ((await this.#position.load()) ?? '').split(' ');
    return ledger === this.#deps.ledger.id && /^\d{1,15}$/.test(seq) ? Number(seq) : 0;
  }
}

/** Rejects with STOPPED when it is aborted. */
function abortionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(stopped(signal));
    signal.addEventListener('abort', () => reject(stopped(signal)), { once: true });
  });
}
