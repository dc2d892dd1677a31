/**
 * Modbus RTU frames over any transport.
 *
 * - One request is out. Before it the wire is silent for 3.5 characters (1.75 ms above 19200 Bd) after the last byte in
 *   either direction, by the monotonic clock.
 * - Bytes that nobody asked for, and frames that do not fit the request, are dropped and counted.
 * - After a time-out the wire stays closed for the longest answer; whatever comes is dropped, and the port flushed. What
 *   may come later still is kept apart by `LateAnswers`.
 */
import type { Clock } from '../core/clock.ts';
import { isLimpidError, LimpidError } from '../core/error.ts';
import { dataBytesOf, describeMisfit, findAnswer } from './answer-frame.ts';
import { Deadline } from './deadline.ts';
import { EchoFilter } from './echo-filter.ts';
import { LateAnswers } from './late-answers.ts';
import type { LineCost, ReadRequest } from './line.ts';
import { deviceException, deviceGarbled, deviceSilent } from './line-fault.ts';
import { ANSWER_OVERHEAD_BYTES, characterMs, LONGEST_FRAME_BYTES, serialCost, silenceMs } from './line-timing.ts';
import { PduLayer } from './pdu-layer.ts';
import type { OpenTransport, Transport } from './transport.ts';
import { waitPrecisely } from './wait-precisely.ts';
import { DEAD_AFTER_TIMEOUTS, MeasuredMs, type Wire, zeroCounters } from './wire.ts';

export interface RtuWireOptions {
  line: string;
  open: OpenTransport;
  clock: Clock;
  baudRate: number;
  bitsPerCharacter: number;
  /** extra silence before each request */
  turnaroundMs: number;
  /** the adapter is known to hear itself */
  echo: boolean;
  timeoutMs: number;
  /** a connection that may be dead without saying so; a serial port says so */
  isConnection: boolean;
}

/** Until answers have been measured. */
const ASSUMED_TURNAROUND_MS = 5;
/** No device answers so many time-outs late; at least ten seconds. */
const FORGET_TIMEOUTS = 10;
const FORGET_MS = 10_000;
/** How many requests may be spent on finding out that nothing is owed any more. */
const MOST_BARRIERS = 4;
const BUFFER_BYTES = 1024;

interface Exchange {
  request: ReadRequest;
  sentEndMs: number;
  timeoutMs: number;
  resolve(frame: Buffer): void;
  reject(fault: LimpidError): void;
}

export class RtuWire implements Wire {
  readonly counters = zeroCounters();
  readonly #options: RtuWireOptions;
  readonly #clock: Clock;
  readonly #pdu = new PduLayer();
  readonly #late: LateAnswers;
  readonly #echo: EchoFilter;
  readonly #turnaround = new MeasuredMs(ASSUMED_TURNAROUND_MS);
  readonly #characterMs: number;
  readonly #silenceMs: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #length = 0;
  #transport: Transport | null = null;
  #exchange: Exchange | null = null;
  #deadline: Deadline | null = null;
  #signal: AbortSignal | undefined;
  #silentTimeouts = 0;
  #lose: (detail: string) => void = () => undefined;
  /** when the newest byte was on the wire, in either direction */
  #lastByteMs = Number.NEGATIVE_INFINITY;
  /** after a time-out: whose answer is waited out, and until when */
  #drain: { request: ReadRequest; untilMs: number } | null = null;

  constructor(options: RtuWireOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#late = new LateAnswers(Math.max(FORGET_MS, FORGET_TIMEOUTS * options.timeoutMs));
    this.#echo = new EchoFilter(options.echo);
    this.#characterMs = characterMs(options.baudRate, options.bitsPerCharacter);
    this.#silenceMs = silenceMs(options.baudRate, options.bitsPerCharacter);
  }

  get cost(): LineCost {
    const { baudRate, bitsPerCharacter, turnaroundMs } = this.#options;
    return serialCost(baudRate, bitsPerCharacter, this.#turnaround.shownMs + turnaroundMs);
  }

  async open(signal: AbortSignal, onLost: (fault: LimpidError) => void): Promise<void> {
    let isLost = false;
    const lose = (detail: string) => {
      if (isLost) return;
      isLost = true;
      const fault = new LimpidError('LINE_LOST', { line: this.#options.line, detail });
      // A converter may hand the answer to the next connection.
      if (this.#exchange !== null) this.#late.timedOut(this.#exchange.request, this.#clock.monoMs());
      this.#exchange?.reject(fault);
      onLost(fault);
    };
    const transport = await this.#options.open({ onData: (bytes) => this.#receive(bytes), onLost: lose }, signal);
    this.#signal = signal;
    this.#deadline = new Deadline(this.#clock, signal, () => this.#expire());
    this.#transport = transport;
    this.#lose = lose;
    this.#silentTimeouts = 0;
    this.#length = 0;
    // Somebody else's exchange may be under way: the first request waits its silence, too.
    this.#lastByteMs = this.#clock.monoMs();
  }

  async close(fault: LimpidError): Promise<void> {
    const transport = this.#transport;
    this.#transport = null;
    this.#exchange?.reject(fault);
    await transport?.close();
  }

  async exchange(request: ReadRequest, timeoutMs: number): Promise<Uint16Array> {
    // What comes while the line is closed after a time-out may settle what is owed.
    if (this.#drain !== null) await this.#becomeSilent(request, timeoutMs);
    await this.#settleOwed(request, timeoutMs);
    return this.#converse(request, timeoutMs);
  }

  async #settleOwed(request: ReadRequest, timeoutMs: number): Promise<void> {
    for (let spent = 0; spent < MOST_BARRIERS; spent += 1) {
      if (!this.#late.couldBeLate(request, this.#clock.monoMs())) return;
      try {
        await this.#converse(this.#late.barrierFor(request, this.#clock.monoMs()), timeoutMs);
      } catch (fault) {
        if (!isLimpidError(fault, 'DEVICE_EXCEPTION')) throw fault; // a refusal is an answer, too
      }
    }
    if (!this.#late.couldBeLate(request, this.#clock.monoMs())) return;
    throw deviceGarbled(this.#options.line, request, 0, 'answers to earlier requests may still be under way');
  }

  async #converse(request: ReadRequest, timeoutMs: number): Promise<Uint16Array> {
    await this.#becomeSilent(request, timeoutMs);
    const frame = await this.#ask(request, timeoutMs);
    const nowMs = this.#clock.monoMs();
    this.counters.answers += 1;
    const answer = this.#pdu.decode(frame);
    if (typeof answer !== 'number') {
      this.#late.answered(request);
      return answer;
    }
    this.counters.exceptions += 1;
    this.#late.refused(request, nowMs);
    throw deviceException(this.#options.line, request, answer);
  }

  /** Waits until nothing has been on the wire for the silence, and drops what came meanwhile. */
  async #becomeSilent(request: ReadRequest, timeoutMs: number): Promise<void> {
    const pauseMs = this.#silenceMs + this.#options.turnaroundMs;
    // The pause itself is no babble: it may well be longer than the time-out.
    const giveUpMs = Math.max(this.#clock.monoMs(), this.#drain?.untilMs ?? 0) + pauseMs + timeoutMs;
    for (;;) {
      const silentMs = this.#lastByteMs + pauseMs;
      const untilMs = Math.max(silentMs, this.#drain?.untilMs ?? 0);
      if (this.#clock.monoMs() >= untilMs) break;
      if (untilMs > giveUpMs) throw this.#garbled(request, 'the line is never silent; is there another master?');
      await waitPrecisely(this.#clock, untilMs, this.#signal);
    }
    if (this.#drain !== null) await this.#endDrain(this.#drain.request);
    this.#drop(this.#length);
  }

  async #endDrain(owed: ReadRequest): Promise<void> {
    this.#drain = null;
    const nowMs = this.#clock.monoMs();
    let bytes = this.#received();
    for (let span = findAnswer(bytes, owed); span !== null; span = findAnswer(bytes, owed)) {
      if (bytes[span.start + 1] === owed.fn) this.#late.seen(owed, nowMs);
      else this.#late.refusalSeen(owed.unit, nowMs);
      bytes = bytes.subarray(span.end);
    }
    await this.#open().flush();
  }

  #ask(request: ReadRequest, timeoutMs: number): Promise<Buffer> {
    const transport = this.#open();
    const frame = this.#pdu.encode(request);
    return new Promise<Buffer>((resolve, reject) => {
      const settle = () => {
        this.#exchange = null;
        this.#deadline?.clear();
      };
      const nowMs = this.#clock.monoMs();
      const sentEndMs = nowMs + frame.length * this.#characterMs + transport.writeDelayMs;
      this.#exchange = {
        request,
        sentEndMs,
        timeoutMs,
        resolve: (answer) => {
          settle();
          resolve(answer);
        },
        reject: (fault) => {
          settle();
          reject(fault);
        },
      };
      this.#echo.sent(frame, request);
      this.#lastByteMs = sentEndMs;
      // The time-out is the device's; a long answer on a slow wire takes its own time besides.
      this.#deadline?.set(sentEndMs + timeoutMs + this.#answerBytes(request) * this.#characterMs);
      transport.write(frame);
    });
  }

  #receive(bytes: Buffer): void {
    this.#silentTimeouts = 0;
    this.#lastByteMs = Math.max(this.#lastByteMs, this.#clock.monoMs());
    this.#keep(bytes);
    const exchange = this.#exchange;
    if (exchange === null) return; // dropped, and counted, before the next request
    this.#shift(this.#echo.strip(this.#received()));
    const received = this.#received();
    const span = this.#echo.mayBegin(received) ? null : findAnswer(received, exchange.request);
    if (span === null) return;
    this.#echo.answered();
    const frame = Buffer.from(this.#buffer.subarray(span.start, span.end));
    this.counters.garbled += span.start;
    this.#shift(span.end);
    this.#measure(exchange);
    exchange.resolve(frame);
  }

  #expire(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const { request, timeoutMs } = exchange;
    const nowMs = this.#clock.monoMs();
    this.counters.timeouts += 1;
    this.#late.timedOut(request, nowMs);
    this.#drain = { request, untilMs: nowMs + LONGEST_FRAME_BYTES * this.#characterMs };
    const bytes = this.#received();
    exchange.reject(
      bytes.length === 0
        ? deviceSilent(this.#options.line, request, timeoutMs)
        : this.#garbled(request, describeMisfit(bytes, request)),
    );
    this.#silentTimeouts += 1;
    if (this.#options.isConnection && this.#silentTimeouts >= DEAD_AFTER_TIMEOUTS) {
      this.#lose('nothing came for several time-outs');
    }
  }

  #measure(exchange: Exchange): void {
    const answerMs = Math.max(0, this.#clock.monoMs() - exchange.sentEndMs);
    this.counters.lastAnswerMs = answerMs;
    // What is left of it without the bytes and the silence that the device keeps, too.
    const wireMs = this.#answerBytes(exchange.request) * this.#characterMs + this.#silenceMs;
    this.#turnaround.add(answerMs - wireMs);
  }

  #answerBytes(request: ReadRequest): number {
    return ANSWER_OVERHEAD_BYTES + dataBytesOf(request);
  }

  #garbled(request: ReadRequest, detail: string): LimpidError {
    return deviceGarbled(this.#options.line, request, this.#length, detail);
  }

  #open(): Transport {
    if (this.#transport === null) throw new LimpidError('LINE_LOST', { line: this.#options.line, detail: 'closed' });
    return this.#transport;
  }

  #received(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Of a flood only the newest bytes are kept: an answer is at most 256 long. */
  #keep(bytes: Buffer): void {
    const newest = bytes.length > BUFFER_BYTES ? bytes.subarray(-BUFFER_BYTES) : bytes;
    this.counters.garbled += bytes.length - newest.length;
    this.#drop(Math.max(0, this.#length + newest.length - BUFFER_BYTES));
    newest.copy(this.#buffer, this.#length);
    this.#length += newest.length;
  }

  #drop(count: number): void {
    this.counters.garbled += count;
    this.#shift(count);
  }

  #shift(count: number): void {
    if (count === 0) return;
    this.#buffer.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}
