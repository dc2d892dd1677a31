import type { IClientOptions, MqttClient } from 'mqtt';
import { type Clock, wait } from '../../core/clock.ts';
import { faultText, LimpidError } from '../../core/error.ts';
import { stopped } from '../../core/lifecycle.ts';

/**
 * One connection to a broker, from CONNECT to its end. The client library is kept on a short lead: it never connects
 * again by itself, never queues, never stores (its store silently drops past 65 535 messages), and because a publish
 * that waits offline is never settled by it, every waiting promise is kept and rejected here.
 */
export interface SessionOptions {
  /** for messages */
  name: string;
  clock: Clock;
  url: string;
  version: MqttVersion;
  clientId: string;
  keepaliveS: number;
  connectTimeoutS: number;
  username?: string;
  password?: string;
  tls?: { ca?: Buffer; cert?: Buffer; key?: Buffer };
  will?: { topic: string; payload: string };
}

/** 4 is MQTT 3.1.1 */
export type MqttVersion = 4 | 5;

export interface Message {
  topic: string;
  payload: Uint8Array;
  retained: boolean;
}

export interface PublishOptions {
  qos: 0 | 1;
  retain?: boolean;
  contentType?: string;
}

/** PUBACK: the broker took the message, but nobody has subscribed to it (MQTT 5 only). */
export const NO_MATCHING_SUBSCRIBERS = 0x10;

/** How long a last word (status, DISCONNECT) may take before the socket is cut. */
const PARTING_MS = 500;

export class MqttSession {
  readonly version: MqttVersion;
  /** how many QoS 1 messages the broker takes at once; the library ignores it */
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** Resolves with the reason when the connection is gone. */
  readonly closed: Promise<LimpidError>;
  onMessage: (message: Message) => void = () => {};
  readonly #client: MqttClient;
  readonly #waiting = new Set<(fault: LimpidError) => void>();
  readonly #options: SessionOptions;
  #end: LimpidError | undefined;
  #pubackReason = 0;

  /** Resolves after CONNACK. Rejects with UPLINK_UNREACHABLE, UPLINK_REFUSED or, when aborted, STOPPED. */
  static async open(options: SessionOptions, signal?: AbortSignal): Promise<MqttSession> {
    // a gateway without an uplink never loads it, and no start waits for it
    const { connect } = await import('mqtt');
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(stopped(signal));
      const client = connect(options.url, toClientOptions(options));
      let cause: unknown;
      const onAbort = () => fail(stopped(signal));
      const onError = (fault: unknown) => {
        cause ??= fault;
        if (isFinal(fault)) fail(connectFault(options, fault));
      };
      const onClose = () => fail(connectFault(options, cause));
      // only our own: the library listens to its own events, too
      const release = () => {
        signal?.removeEventListener('abort', onAbort);
        client.off('error', onError).off('close', onClose);
      };
      const fail = (fault: unknown) => {
        release();
        client.on('error', () => {}); // a socket that is being cut may still complain; its story has been told
        client.end(true);
        reject(fault);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      client.on('error', onError).on('close', onClose);
      client.once('connect', (connack) => {
        release();
        resolve(new MqttSession(client, options, connack.properties ?? {}));
      });
    });
  }

  private constructor(
    client: MqttClient,
    options: SessionOptions,
    broker: { receiveMaximum?: number; maximumPacketSize?: number },
  ) {
    this.#client = client;
    this.#options = options;
    this.version = options.version;
    this.receiveMaximum = broker.receiveMaximum ?? 65_535;
    this.maximumPacketBytes = broker.maximumPacketSize ?? 268_435_455;
    client.on('message', (topic, payload, packet) => {
      this.onMessage({ topic, payload: plainBytes(payload), retained: packet.retain });
    });
    // the library keeps the reasons that are no failures to itself
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'puback') this.#pubackReason = packet.reasonCode ?? 0;
    });
    client.on('error', (fault) => this.#lose(faultText(fault), fault));
    client.on('disconnect', (packet) => this.#lose(`the broker said goodbye (reason ${packet.reasonCode ?? 0})`));
    this.closed = new Promise((resolve) => {
      client.on('close', () => {
        this.#lose('connection lost');
        resolve(this.#end ?? stopped());
      });
    });
  }

  /** Resolves with the reason code of the PUBACK (QoS 1) or when the message is with the socket (QoS 0). */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions): Promise<number> {
    const properties =
      this.version === 5 && options.contentType !== undefined ? { contentType: options.contentType } : undefined;
    const body =
      typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    return this.#settled((resolve, reject) => {
      this.#client.publish(
        topic,
        body,
        { qos: options.qos, retain: options.retain ?? false, ...(properties ? { properties } : {}) },
        (fault) => (fault ? reject(fault) : resolve(options.qos === 0 ? 0 : this.#pubackReason)),
      );
    });
  }

  /** A broker that does not answer in the time that a connection may take is as good as gone. */
  async subscribe(topic: string, qos: 0 | 1): Promise<void> {
    const { clock, connectTimeoutS } = this.#options;
    const patience = new AbortController();
    const late = () => this.#lose(`no answer to SUBSCRIBE in ${connectTimeoutS} s`);
    wait(clock, connectTimeoutS * 1000, patience.signal).then(late, () => {}); // called off: it answered
    await this.#subscribe(topic, qos).finally(() => patience.abort());
  }

  #subscribe(topic: string, qos: 0 | 1): Promise<void> {
    return this.#settled((resolve, reject) => {
      this.#client.subscribe(topic, { qos }, (fault, granted) => {
        if (fault) return reject(fault);
        const refused = granted?.find((grant) => grant.qos > 2);
        if (refused) return reject(new Error(`subscription to ${topic} was not granted`));
        resolve();
      });
    });
  }

  /** Says goodbye if that is quick, cuts the socket if not. What is waiting is settled with STOPPED. Twice is harmless. */
  async close(): Promise<void> {
    if (this.#end === undefined) {
      const isBusy = this.#waiting.size > 0;
      this.#settleWaiting(stopped());
      // `end(false)` waits for every PUBACK, however long: only where none is due
      if (!isBusy) await this.#part();
    }
    this.#client.end(true);
    await this.closed;
  }

  async #part(): Promise<void> {
    const patience = new AbortController();
    const parted = new Promise<void>((resolve) => void this.#client.end(false, {}, () => resolve()));
    const late = wait(this.#options.clock, PARTING_MS, patience.signal).catch(() => {});
    await Promise.race([parted, this.closed, late]);
    patience.abort();
  }

  #lose(detail: string, cause?: unknown): void {
    if (this.#end !== undefined) return;
    const { name, url } = this.#options;
    this.#settleWaiting(new LimpidError('UPLINK_UNREACHABLE', { uplink: name, url, detail }, { cause }));
    this.#client.end(true);
  }

  #settleWaiting(fault: LimpidError): void {
    this.#end = fault;
    for (const reject of this.#waiting) reject(fault);
    this.#waiting.clear();
  }

  #settled<T>(act: (resolve: (value: T) => void, reject: (fault: unknown) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      const give = (fault: LimpidError) => reject(fault);
      this.#waiting.add(give);
      act(
        (value) => {
          this.#waiting.delete(give);
          resolve(value);
        },
        (fault) => {
          this.#waiting.delete(give);
          reject(this.#end ?? this.#refused(fault));
        },
      );
    });
  }

  #refused(fault: unknown): LimpidError {
    const { name, url } = this.#options;
    return new LimpidError('UPLINK_REFUSED', { uplink: name, url, detail: faultText(fault) }, { cause: fault });
  }
}

function toClientOptions(options: SessionOptions): IClientOptions {
  return {
    protocolVersion: options.version,
    clientId: options.clientId,
    clean: true,
    keepalive: options.keepaliveS,
    connectTimeout: options.connectTimeoutS * 1000,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(options.version === 5 ? { properties: { sessionExpiryInterval: 0 } } : {}),
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.will
      ? { will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 0, retain: true } }
      : {}),
    ...options.tls,
  };
}

/** Refusals by CONNACK carry a reason code; the socket's end follows, but says less. */
function isFinal(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'number';
}

function connectFault(options: SessionOptions, fault: unknown): LimpidError {
  const code = isFinal(fault) ? 'UPLINK_REFUSED' : 'UPLINK_UNREACHABLE';
  const detail = fault === undefined ? 'the broker closed the connection' : faultText(fault) || String(fault);
  return new LimpidError(code, { uplink: options.name, url: options.url, detail }, { cause: fault });
}

/** A Buffer slices into views and compares unlike a Uint8Array: neither belongs into the rooms that read evidence. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
