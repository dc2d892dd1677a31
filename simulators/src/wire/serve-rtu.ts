import { once } from 'node:events';
import { type Clock, createSystemClock, isLimpidError } from '@limpid/sdk/core';
import { crc16, encodeSerialFrame, hasValidCrc, silenceMs, waitPrecisely } from '@limpid/sdk/modbus';
import { type ByteStream, socketStream } from './byte-stream.ts';
import { answerPdu, type ModbusUnits } from './modbus-unit.ts';
import { closeServer, listenFor, portOf, type TcpServer, type WireServer } from './serve-tcp.ts';
import { shapeAnswer, type WireAnswer } from './wire-answer.ts';
import { FaultSwitch } from './wire-fault.ts';

export interface SerialPace {
  /** 0: as fast as the machine goes */
  baudRate: number;
  /** start, data, parity and stop bits of one character; default 10 (8N1) */
  bitsPerCharacter?: number;
  /** what the device thinks about before it answers; default 0 */
  turnaroundMs?: number;
}

export interface RtuServerOptions extends SerialPace {
  stream: ByteStream;
  units: ModbusUnits;
  clock?: Clock;
  random?: () => number;
}

export interface RtuServer extends WireServer {
  /** requests whose first byte came before 3.5 characters of silence were over; 0 when not paced */
  readonly early: number;
}

/** A UART hands over its queue in pieces of about this many characters. */
const PIECE_BYTES = 8;
/** Half a request that is followed by nothing for this long was noise. */
const STALE_MS = 100;

/** A slave on a serial line: takes as long for each byte as the wire would. Units that are not there stay silent. */
export function serveRtu(options: RtuServerOptions): RtuServer {
  const slave = new RtuSlave(options, new FaultSwitch());
  const off = options.stream.onData((bytes) => slave.receive(bytes));
  return {
    faults: slave.faults,
    get requests() {
      return slave.requests;
    },
    get early() {
      return slave.early;
    },
    close: async () => {
      off();
      slave.stop();
      await options.stream.close();
    },
  };
}

export interface RtuOverTcpServerOptions extends SerialPace {
  host?: string;
  port?: number;
  units: ModbusUnits;
  clock?: Clock;
  random?: () => number;
}

/** A serial device server (a "transparent" converter): the same frames, checksums included, inside a TCP connection. */
export async function serveRtuOverTcp(options: RtuOverTcpServerOptions): Promise<TcpServer & RtuServer> {
  const host = options.host ?? '127.0.0.1';
  const slaves = new Set<RtuSlave>();
  const sum = (key: 'requests' | 'early') => [...slaves].reduce((total, slave) => total + slave[key], 0);
  const { faults, sockets, server } = listenFor((socket) => {
    const stream = socketStream(socket);
    const slave = new RtuSlave({ ...options, stream }, faults);
    slaves.add(slave);
    stream.onData((bytes) => slave.receive(bytes));
    socket.on('close', () => slave.stop());
  });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  return {
    faults,
    host,
    port: portOf(server),
    get requests() {
      return sum('requests');
    },
    get early() {
      return sum('early');
    },
    dropConnections: () => sockets.forEach((socket) => void socket.destroy()),
    close: () => closeServer(server, sockets),
  };
}

class RtuSlave {
  readonly faults: FaultSwitch;
  requests = 0;
  early = 0;
  readonly #options: RtuServerOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #characterMs: number;
  readonly #silenceMs: number;
  #buffer: Buffer = Buffer.alloc(0);
  /** when the newest byte was on the wire, in either direction */
  #lastByteMs = Number.NEGATIVE_INFINITY;
  #lastArrivalMs = Number.NEGATIVE_INFINITY;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: RtuServerOptions, faults: FaultSwitch) {
    this.#options = options;
    this.#clock = options.clock ?? createSystemClock();
    this.faults = faults;
    const bits = options.bitsPerCharacter ?? 10;
    this.#characterMs = options.baudRate > 0 ? (bits * 1000) / options.baudRate : 0;
    this.#silenceMs = options.baudRate > 0 ? silenceMs(options.baudRate, bits) : 0;
  }

  stop(): void {
    this.#stop.abort();
  }

  receive(bytes: Uint8Array): void {
    const nowMs = this.#clock.monoMs();
    if (nowMs - this.#lastArrivalMs > STALE_MS) this.#buffer = Buffer.alloc(0);
    const isStart = this.#buffer.length === 0;
    const isEarly = isStart && nowMs - this.#lastByteMs < this.#silenceMs;
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    this.#lastArrivalMs = nowMs;
    // Whatever was written at once takes its time on a real wire.
    this.#lastByteMs = Math.max(this.#lastByteMs, nowMs) + bytes.length * this.#characterMs;
    for (let count = 0; ; count += 1) {
      const request = this.#takeRequest();
      if (request === null) return;
      this.requests += 1;
      if (count > 0 || isEarly) this.early += this.#silenceMs > 0 ? 1 : 0;
      this.#answer(request);
    }
  }

  /** Bytes that begin no request with a valid checksum are dropped one by one, until one begins. */
  #takeRequest(): Buffer | null {
    while (this.#buffer.length >= 4) {
      const sizeBytes = requestBytes(this.#buffer);
      if (sizeBytes === null || this.#buffer.length < sizeBytes) return null;
      if (hasValidCrc(this.#buffer, 0, sizeBytes)) {
        const request = this.#buffer.subarray(0, sizeBytes);
        this.#buffer = this.#buffer.subarray(sizeBytes);
        return request;
      }
      this.#buffer = this.#buffer.subarray(1);
    }
    return null;
  }

  #answer(request: Buffer): void {
    const unitId = request[0]!;
    const unit = this.#options.units.get(unitId);
    const pdu = unit === undefined ? null : answerPdu(unit, request.subarray(1, -2));
    const random = this.#options.random ?? Math.random;
    const parts = { unit: unitId, pdu, request, encode: encodeFrame, random };
    const answer = shapeAnswer(parts, unit === undefined ? [] : this.faults.take(unitId));
    const requestEndMs = this.#lastByteMs;
    this.#sending = this.#sending.then(() => this.#send(answer, requestEndMs));
  }

  async #send(answer: WireAnswer, requestEndMs: number): Promise<void> {
    try {
      if (answer.drop) await this.#options.stream.close();
      if (answer.drop || answer.pieces.length === 0) return;
      const turnaroundMs = this.#silenceMs + (this.#options.turnaroundMs ?? 0) + answer.delayMs;
      let atMs = Math.max(requestEndMs, this.#lastByteMs) + turnaroundMs;
      for (const piece of answer.pieces) {
        atMs = await this.#sendPaced(piece, atMs, this.#characterMs * answer.slowFactor);
        atMs += answer.gapMs;
      }
    } catch (fault) {
      if (!isLimpidError(fault, 'STOPPED')) throw fault;
    }
  }

  /** A byte arrives when its last bit does. Gives the moment at which the last one was through. */
  async #sendPaced(bytes: Uint8Array, startMs: number, characterMs: number): Promise<number> {
    const stepBytes = characterMs > 0 ? PIECE_BYTES : bytes.length;
    for (let at = 0; at < bytes.length; at += stepBytes) {
      const end = Math.min(bytes.length, at + stepBytes);
      await waitPrecisely(this.#clock, startMs + end * characterMs, this.#stop.signal);
      this.#options.stream.write(bytes.subarray(at, end));
      this.#lastByteMs = this.#clock.monoMs();
    }
    return startMs + bytes.length * characterMs;
  }
}

/** Length of the request that begins here, as far as can be said; null when more bytes are needed to know. */
function requestBytes(bytes: Buffer): number | null {
  const fn = bytes[1]!;
  if (fn === 15 || fn === 16) return bytes.length < 7 ? null : 9 + bytes[6]!;
  return fn === 7 || fn === 11 || fn === 12 || fn === 17 ? 4 : 8;
}

function encodeFrame(unit: number, pdu: Uint8Array, spoil: boolean): Buffer {
  const frame = encodeSerialFrame(unit, pdu);
  if (spoil) frame.writeUInt16LE(crc16(frame, 0, frame.length - 2) ^ 0x0101, frame.length - 2);
  return frame;
}
