import { type BackoffSchedule, backoffDelayMs } from '../../core/backoff.ts';
import type { Clock } from '../../core/clock.ts';
import { LimpidError } from '../../core/error.ts';
import { encodeItem } from '../../ledger/seal/item.ts';
import type { LedgerReader } from '../../ledger/store/contract.ts';
import type { DeliveryWindow } from '../delivery-window.ts';
import { MessageLength } from './message-length.ts';

/**
 * The evidence lane: items of the ledger, byte for byte as they lie on the disk, in order, several to a message when
 * there is a backlog. Nothing here depends on the broker surviving: without progress it goes back to what was taken
 * over last and sends again, one message at a time until there is progress again.
 */
export interface EvidenceLaneOptions {
  name: string;
  ledger: LedgerReader;
  clock: Clock;
  window: DeliveryWindow;
  /** what may be on its way without having been taken over */
  outstandingBytes: number;
  progressTimeoutMs: number;
  /** null: there is progress again */
  onStall(fault: LimpidError | null): void;
}

/** One connection, as the lane sees it. */
export interface LaneConnection {
  /** Resolves when the broker has the message; rejects when it has not. */
  send(payload: Uint8Array): Promise<void>;
  /** messages without PUBACK at a time */
  maxInFlight: number;
  /** a message is as long as this at most, unless one item is longer; shorter after one that did not get through */
  messageBytes: number;
}

interface Run {
  connection: LaneConnection;
  /** aborted when this run is over, for whatever reason */
  running: AbortSignal;
  fail(fault: unknown): void;
}

/** Patience doubles while a far end is away, up to this many times the progress timeout. */
const MAX_PATIENCE = 16;

/** A far end may ask to go on from its receipt; when that brings no progress it is listened to less and less. */
const GO_BACK: BackoffSchedule = { initialMs: 250, maximumMs: 60_000, factor: 2, jitter: 0 };

export class EvidenceLane {
  readonly #options: EvidenceLaneOptions;
  #turn = new AbortController();
  #wake: () => void = () => {};
  #inFlight = 0;
  #progressAtMs = 0;
  #stalls = 0;
  readonly #length = new MessageLength();
  /** message that was sent since there was progress */
  #longest = 0;
  #goneBack = 0;
  #goneBackAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: EvidenceLaneOptions) {
    this.#options = options;
  }

  /** Sends until the signal is aborted; rejects with the fault of the first message that could not be sent. */
  async run(connection: LaneConnection, signal: AbortSignal): Promise<void> {
    const { clock, window } = this.#options;
    const over = new AbortController();
    const faults: unknown[] = [];
    const fail = (fault: unknown) => {
      faults.push(fault);
      over.abort();
    };
    const run: Run = { connection, running: AbortSignal.any([signal, over.signal]), fail };
    this.#inFlight = 0;
    this.#progressAtMs = clock.monoMs();
    window.goBack(window.taken);
    const watch = this.#watch(run);
    try {
      while (!run.running.aborted) await this.#sendOn(run);
    } finally {
      over.abort();
      await watch;
      // mosquitto answers a message that is too long with a PUBACK that MQTT does not know, which ends the connection
      if (faults.length > 0 && this.#inFlight > 0) this.#length.failed(this.#longest);
    }
    if (!signal.aborted && faults.length > 0) throw faults[0];
  }

  /** The far end holds everything below `size`. */
  receipt(size: number): void {
    const { window } = this.#options;
    const skips = size > window.cursor;
    if (window.receipt(size)) this.#progressed();
    if (skips) this.#turn.abort();
    this.#wake();
  }

  /** The far end asks to go on from `from`. */
  requestGoBack(from: number): void {
    const nowMs = this.#options.clock.monoMs();
    const lost = from < this.#options.window.taken; // never put off: going on from where we are brings nothing
    const spacingMs = lost || this.#goneBack === 0 ? 0 : backoffDelayMs(GO_BACK, this.#goneBack, () => 0);
    if (nowMs - this.#goneBackAtMs < spacingMs) return;
    this.#goneBack += 1;
    this.#goneBackAtMs = nowMs;
    this.#goBack(from);
  }

  async #sendOn(run: Run): Promise<void> {
    const turn = new AbortController();
    this.#turn = turn;
    const signal = AbortSignal.any([run.running, turn.signal]);
    for await (const message of this.#messages(run.connection.messageBytes, signal)) {
      await this.#room(run.connection.maxInFlight, signal);
      if (signal.aborted) return;
      this.#launch(message, run);
    }
  }

  #launch(message: { end: number; payload: Uint8Array }, run: Run): void {
    const { window, clock } = this.#options;
    if (window.outstanding === 0) this.#progressAtMs = clock.monoMs();
    this.#longest = Math.max(this.#longest, message.payload.length);
    const sending = window.send(message.end, message.payload.length);
    this.#inFlight += 1;
    run.connection.send(message.payload).then(() => {
      if (run.running.aborted) return; // of a connection that is gone
      this.#inFlight -= 1;
      if (window.acknowledge(sending)) this.#progressed();
      this.#wake();
    }, run.fail);
  }

  /** Items from the cursor on, joined while more are waiting. */
  async *#messages(messageBytes: number, signal: AbortSignal): AsyncGenerator<{ end: number; payload: Uint8Array }> {
    const { ledger, window } = this.#options;
    if (window.cursor < ledger.firstSeq()) window.goBack(ledger.firstSeq());
    const roomBytes = () => this.#length.within(messageBytes);
    let parts: Uint8Array[] = [];
    let bytes = 0;
    let end = window.cursor;
    for await (const item of ledger.items(window.cursor, { follow: true, signal })) {
      const encoded = encodeItem(item);
      if (bytes > 0 && bytes + encoded.length > roomBytes()) {
        yield { end, payload: join(parts, bytes) };
        parts = [];
        bytes = 0;
      }
      parts.push(encoded);
      bytes += encoded.length;
      end = item.seq + 1;
      if (bytes < roomBytes() && end < ledger.size()) continue;
      yield { end, payload: join(parts, bytes) };
      parts = [];
      bytes = 0;
    }
  }

  async #room(maxInFlight: number, signal: AbortSignal): Promise<void> {
    const { window, outstandingBytes } = this.#options;
    while (!signal.aborted && !(this.#inFlight < maxInFlight && window.hasRoom(outstandingBytes))) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }

  async #watch(run: Run): Promise<void> {
    const { clock, window, progressTimeoutMs } = this.#options;
    while (!run.running.aborted) {
      const patienceMs = progressTimeoutMs * Math.min(2 ** this.#stalls, MAX_PATIENCE);
      const dueMs = this.#progressAtMs + patienceMs;
      if (clock.monoMs() < dueMs) await clock.waitUntil(dueMs, run.running).catch(() => {});
      else if (window.outstanding === 0) this.#progressAtMs = clock.monoMs();
      else this.#stalled(patienceMs, run);
    }
  }

  #stalled(patienceMs: number, run: Run): void {
    const { name, window } = this.#options;
    this.#stalls += 1;
    const fault = new LimpidError('UPLINK_STALLED', { uplink: name, size: window.taken, seconds: patienceMs / 1000 });
    this.#options.onStall(fault);
    this.#progressAtMs += patienceMs;
    this.#length.failed(this.#longest);
    // messages without any PUBACK: this connection is of no use any more
    if (this.#inFlight >= run.connection.maxInFlight) run.fail(fault);
    else this.#goBack(window.taken);
  }

  #goBack(from: number): void {
    const { window } = this.#options;
    window.goBack(from);
    window.probing = true;
    this.#turn.abort();
    this.#wake();
  }

  #progressed(): void {
    this.#progressAtMs = this.#options.clock.monoMs();
    if (this.#stalls > 0) this.#options.onStall(null);
    this.#stalls = 0;
    this.#goneBack = 0;
    const { ledger, window } = this.#options;
    this.#length.progressed(window.taken >= ledger.size());
    this.#longest = 0;
  }
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
