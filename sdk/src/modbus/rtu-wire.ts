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
import { forgetAfterMs, LateAnswers } from './late-answers.ts';
import type { LineCost, ReadRequest } from './line.ts';
import { deviceException, deviceGarbled, deviceSilent } from './line-fault.ts';
import { ANSWER_OVERHEAD_BYTES, characterMs, LONGEST_FRAME_BYTES, serialCost, silenceMs } from './line-timing.ts';
import { PduLayer } from './pdu-layer.ts';
import { ReceivedBytes } from './received-bytes.ts';
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
/** How many requests may be spent on finding out that nothing is owed any more. */
const MOST_BARRIERS = 4;

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
  readonly #received = new ReceivedBytes();
  #transport: Transport | null = null;
  #exchange: Exchange | null = null;
  #deadline: Deadline | null = null;
  #signal: AbortSignal | undefined;
  #silentTimeouts = 0;
  #lose: (detail: string) => void = () => undefined;
  /** when the newest byte was on the wire, in either direction */
  #lastByteMs = Number.NEGATIVE_INFINITY;
  /** after a time-out: whose answers are waited out, and until when */
  #drain: { unit: number; untilMs: number } | null = null;

  constructor(options: RtuWireOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#late = new LateAnswers(forgetAfterMs(options.timeoutMs));
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
    this.#received.shift(this.#received.length);
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
    for (let spent = 0; this.#late.couldBeLate(request, this.#clock.monoMs()); spent += 1) {
      if (spent === MOST_BARRIERS) throw this.#garbled(request, 'answers to earlier requests may still be under way');
      const barrier = this.#late.barrierFor(request, this.#clock.monoMs());
      if (barrier === null) await this.#outwait(request, timeoutMs);
      else await this.#passBarrier(barrier, timeoutMs);
    }
  }

  async #passBarrier(barrier: ReadRequest, timeoutMs: number): Promise<void> {
    try {
      await this.#answerTo(barrier, timeoutMs); // a refusal is an answer, too
    } catch (fault) {
      if (!isLimpidError(fault, 'LINE_LOST')) this.#late.barrierMute(barrier, this.#clock.monoMs());
      throw fault;
    }
  }

  /** Listens until the owed answer is out of time, but no longer than a time-out: the neighbours wait, too. */
  async #outwait(request: ReadRequest, timeoutMs: number): Promise<void> {
    const untilMs = this.#late.askAgainMs(request, timeoutMs);
    this.#drain = { unit: request.unit, untilMs: Math.min(untilMs, this.#clock.monoMs() + timeoutMs) };
    await this.#becomeSilent(request, timeoutMs);
    const nowMs = this.#clock.monoMs();
    if (nowMs >= untilMs) this.#late.givenUp(request);
    else if (this.#late.couldBeLate(request, nowMs)) throw deviceSilent(this.#options.line, request, timeoutMs);
  }

  async #converse(request: ReadRequest, timeoutMs: number): Promise<Uint16Array> {
    const answer = await this.#answerTo(request, timeoutMs);
    if (typeof answer !== 'number') return answer;
    // It has no length that would tell whose it is: a read that the unit takes must not be held for refused.
    if (this.#late.owes(request.unit, this.#clock.monoMs())) {
      throw deviceGarbled(this.#options.line, request, 0, `exception ${answer}, perhaps to an earlier request`);
    }
    throw deviceException(this.#options.line, request, answer);
  }

  /** Words, or the number of an exception. */
  async #answerTo(request: ReadRequest, timeoutMs: number): Promise<Uint16Array | number> {
    await this.#becomeSilent(request, timeoutMs);
    const frame = await this.#ask(request, timeoutMs);
    this.counters.answers += 1;
    const answer = this.#pdu.decode(frame);
    if (typeof answer === 'number') {
      this.counters.exceptions += 1;
      this.#late.refused(request, this.#clock.monoMs());
    } else this.#late.answered(request);
    return answer;
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
    if (this.#drain !== null) await this.#endDrain(this.#drain.unit);
    this.#drop(this.#received.length);
  }

  async #endDrain(unit: number): Promise<void> {
    this.#drain = null;
    this.#late.heard(unit, this.#received.bytes, this.#lastByteMs);
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
    this.counters.garbled += this.#received.keep(bytes);
    const exchange = this.#exchange;
    if (exchange === null) return; // dropped, and counted, before the next request
    this.#received.shift(this.#echo.strip(this.#received.bytes));
    const received = this.#received.bytes;
    const span = this.#echo.mayBegin(received) ? null : findAnswer(received, exchange.request);
    if (span === null) return;
    this.#echo.answered();
    const frame = Buffer.from(received.subarray(span.start, span.end));
    this.counters.garbled += span.start;
    this.#received.shift(span.end);
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
    this.#drain = { unit: request.unit, untilMs: nowMs + LONGEST_FRAME_BYTES * this.#characterMs };
    const { bytes } = this.#received;
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
    return deviceGarbled(this.#options.line, request, this.#received.length, detail);
  }

  #open(): Transport {
    if (this.#transport === null) throw new LimpidError('LINE_LOST', { line: this.#options.line, detail: 'closed' });
    return this.#transport;
  }

  #drop(count: number): void {
    this.counters.garbled += count;
    this.#received.shift(count);
  }
}
