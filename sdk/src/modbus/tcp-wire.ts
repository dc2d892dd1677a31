/**
 * Modbus TCP: transaction (2 bytes), protocol 0 (2), length of what follows (2), unit, PDU. Modbus messaging on TCP/IP
 * V1.0b, §3.1.3. The transaction number ties an answer to its request, so a late answer is dropped by its number and
 * nothing has to be waited out. Unit, function and byte count are checked as on a serial line: gateways mix them up.
 */
import type { Clock } from '../core/clock.ts';
import { LimpidError } from '../core/error.ts';
import { describeMisfit, findAnswer } from './answer-frame.ts';
import { encodeSerialFrame } from './crc.ts';
import { Deadline } from './deadline.ts';
import type { LineCost, ReadRequest } from './line.ts';
import { deviceException, deviceGarbled, deviceSilent } from './line-fault.ts';
import { PduLayer } from './pdu-layer.ts';
import type { OpenTransport, Transport } from './transport.ts';
import { DEAD_AFTER_TIMEOUTS, MeasuredMs, type Wire, zeroCounters } from './wire.ts';

export interface TcpWireOptions {
  line: string;
  open: OpenTransport;
  clock: Clock;
}

const HEADER_BYTES = 6;
/** unit and PDU: at least a function and a byte, at most 253 bytes of PDU */
const SHORTEST_BODY_BYTES = 3;
const LONGEST_BODY_BYTES = 254;
/** Until answers have been measured. */
const ASSUMED_ANSWER_MS = 5;
/** Registers cost next to nothing beside a round trip. */
const REGISTER_SHARE = 1e-3;

interface Exchange {
  request: ReadRequest;
  transaction: number;
  sentMs: number;
  timeoutMs: number;
  /** the newest frame that did not fit, for the message */
  misfit: { bytes: number; detail: string } | null;
  resolve(words: Uint16Array): void;
  reject(fault: LimpidError): void;
}

export class TcpWire implements Wire {
  readonly counters = zeroCounters();
  readonly #options: TcpWireOptions;
  readonly #clock: Clock;
  readonly #pdu = new PduLayer();
  readonly #answer = new MeasuredMs(ASSUMED_ANSWER_MS);
  #transport: Transport | null = null;
  #deadline: Deadline | null = null;
  #exchange: Exchange | null = null;
  #transaction = 0;
  #rest: Buffer = Buffer.alloc(0);
  #silentTimeouts = 0;
  #lose: (detail: string) => void = () => undefined;

  constructor(options: TcpWireOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get cost(): LineCost {
    const perRequestMs = this.#answer.shownMs;
    return { perRequestMs, perRegisterMs: perRequestMs * REGISTER_SHARE };
  }

  async open(signal: AbortSignal, onLost: (fault: LimpidError) => void): Promise<void> {
    let isLost = false;
    const lose = (detail: string) => {
      if (isLost) return;
      isLost = true;
      const fault = new LimpidError('LINE_LOST', { line: this.#options.line, detail });
      this.#exchange?.reject(fault);
      onLost(fault);
    };
    const events = { onData: (bytes: Buffer) => this.#receive(bytes), onLost: lose };
    const transport = await this.#options.open(events, signal);
    this.#lose = lose;
    this.#deadline = new Deadline(this.#clock, signal, () => this.#expire());
    this.#rest = Buffer.alloc(0);
    this.#silentTimeouts = 0;
    this.#transport = transport;
  }

  async close(fault: LimpidError): Promise<void> {
    const transport = this.#transport;
    this.#transport = null;
    this.#exchange?.reject(fault);
    await transport?.close();
  }

  exchange(request: ReadRequest, timeoutMs: number): Promise<Uint16Array> {
    return new Promise((resolve, reject) => {
      const transport = this.#transport;
      if (transport === null) throw new LimpidError('LINE_LOST', { line: this.#options.line, detail: 'closed' });
      const serial = this.#pdu.encode(request);
      this.#transaction = (this.#transaction + 1) & 0xffff;
      const frame = Buffer.allocUnsafe(HEADER_BYTES + serial.length - 2);
      frame.writeUInt16BE(this.#transaction, 0);
      frame.writeUInt16BE(0, 2);
      frame.writeUInt16BE(serial.length - 2, 4);
      serial.copy(frame, HEADER_BYTES, 0, serial.length - 2);
      const sentMs = this.#clock.monoMs();
      this.#exchange = {
        request,
        transaction: this.#transaction,
        sentMs,
        timeoutMs,
        misfit: null,
        resolve: (words) => {
          this.#settle();
          resolve(words);
        },
        reject: (fault) => {
          this.#settle();
          reject(fault);
        },
      };
      this.#deadline?.set(sentMs + timeoutMs);
      transport.write(frame);
    });
  }

  #settle(): void {
    this.#exchange = null;
    this.#deadline?.clear();
  }

  #receive(chunk: Buffer): void {
    this.#silentTimeouts = 0;
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const bodyBytes = bytes.readUInt16BE(4);
      if (bytes.readUInt16BE(2) !== 0 || bodyBytes < SHORTEST_BODY_BYTES || bodyBytes > LONGEST_BODY_BYTES) {
        this.#loseStep(bytes.length);
        return;
      }
      const end = HEADER_BYTES + bodyBytes;
      if (bytes.length < end) break;
      this.#take(bytes.readUInt16BE(0), bytes.subarray(HEADER_BYTES, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }

  /** Without a plausible header nobody can say where the next one begins: only a new connection can. */
  #loseStep(bytes: number): void {
    this.counters.garbled += bytes;
    const exchange = this.#exchange;
    exchange?.reject(
      deviceGarbled(this.#options.line, exchange.request, bytes, 'no Modbus TCP header; is it RTU over TCP?'),
    );
    this.#lose('the byte stream lost step');
  }

  #take(transaction: number, body: Buffer): void {
    const exchange = this.#exchange;
    const misfit = exchange === null || transaction !== exchange.transaction ? 'stale' : this.#fit(exchange, body);
    if (misfit === null) return;
    this.counters.garbled += HEADER_BYTES + body.length;
    if (exchange !== null && misfit !== 'stale') exchange.misfit = { bytes: body.length, detail: misfit };
  }

  /** Settles the exchange and gives null, or says what is wrong. */
  #fit(exchange: Exchange, body: Buffer): string | null {
    const { request } = exchange;
    const frame = encodeSerialFrame(body[0]!, body.subarray(1));
    const span = findAnswer(frame, request);
    if (span === null || span.start !== 0 || span.end !== frame.length) return describeMisfit(frame, request);
    const answerMs = this.#clock.monoMs() - exchange.sentMs;
    this.counters.lastAnswerMs = answerMs;
    this.#answer.add(answerMs);
    this.counters.answers += 1;
    const answer = this.#pdu.decode(frame);
    if (typeof answer !== 'number') {
      exchange.resolve(answer);
      return null;
    }
    this.counters.exceptions += 1;
    exchange.reject(deviceException(this.#options.line, request, answer));
    return null;
  }

  #expire(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const { request, timeoutMs } = exchange;
    const { line } = this.#options;
    this.counters.timeouts += 1;
    this.#silentTimeouts += 1;
    // The rest of a torn frame may come in the middle of the next one: nobody could tell them apart.
    const isTorn = this.#rest.length > 0;
    const misfit = isTorn ? { bytes: this.#rest.length, detail: 'the answer broke off' } : exchange.misfit;
    exchange.reject(
      misfit === null
        ? deviceSilent(line, request, timeoutMs)
        : deviceGarbled(line, request, misfit.bytes, misfit.detail),
    );
    if (isTorn) this.#lose('an answer broke off');
    else if (this.#silentTimeouts >= DEAD_AFTER_TIMEOUTS) this.#lose('nothing came for several time-outs');
  }
}
