import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Clock, createSystemClock, isLimpidError, wait } from '@limpid/sdk/core';
import { MODBUS_EXCEPTIONS } from '@limpid/sdk/modbus';
import { answerPdu, type ModbusUnits } from './modbus-unit.ts';
import { type EncodeFrame, shapeAnswer, type WireAnswer } from './wire-answer.ts';
import { FaultSwitch } from './wire-fault.ts';

export interface TcpServerOptions {
  /** default 127.0.0.1 */
  host?: string;
  /** default 0: any free one */
  port?: number;
  units: ModbusUnits;
  clock?: Clock;
  random?: () => number;
}

export interface WireServer {
  readonly faults: FaultSwitch;
  /** requests that were understood so far */
  readonly requests: number;
  close(): Promise<void>;
}

export interface TcpServer extends WireServer {
  readonly host: string;
  readonly port: number;
  /** closes every connection, as a device does that restarts; listens on */
  dropConnections(): void;
}

/** MBAP header: transaction, protocol 0, length of what follows, unit. Modbus messaging on TCP/IP V1.0b, §3.1.3. */
const HEADER_BYTES = 7;

export async function serveTcp(options: TcpServerOptions): Promise<TcpServer> {
  const host = options.host ?? '127.0.0.1';
  const { faults, sockets, server, state } = listenFor((socket) => converse(socket, options, faults, state));
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  return {
    faults,
    host,
    port: portOf(server),
    get requests() {
      return state.requests;
    },
    dropConnections: () => sockets.forEach((socket) => void socket.destroy()),
    close: () => closeServer(server, sockets),
  };
}

export interface ServerState {
  requests: number;
  readonly stop: AbortController;
}

export function listenFor(serve: (socket: Socket) => void) {
  const faults = new FaultSwitch();
  const sockets = new Set<Socket>();
  const state: ServerState = { requests: 0, stop: new AbortController() };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()); // a client that went away; 'close' follows
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.on('close', () => state.stop.abort());
  return { faults, sockets, server, state };
}

export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no TCP port');
  return address.port;
}

export function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve()); // the error it may give is "not running": closed twice
    for (const socket of sockets) socket.destroy();
  });
}

function converse(socket: Socket, options: TcpServerOptions, faults: FaultSwitch, state: ServerState): void {
  const clock = options.clock ?? createSystemClock();
  const random = options.random ?? Math.random;
  let rest: Buffer = Buffer.alloc(0);
  let queue: Promise<void> | null = null;
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const frame = takeFrame(rest);
      if (frame === null) return;
      if (frame === 'insane') return void socket.destroy();
      rest = rest.subarray(frame.length);
      state.requests += 1;
      const answer = answerFrame(frame, options.units, faults, random);
      // In order, but at once as long as nothing has to be waited for.
      if (queue === null && isPlain(answer)) sendPlain(socket, answer);
      else queue = (queue ?? Promise.resolve()).then(() => sendShaped(socket, answer, clock, state.stop.signal));
    }
  });
}

function takeFrame(bytes: Buffer): Buffer | 'insane' | null {
  if (bytes.length < HEADER_BYTES + 1) return null;
  const sizeBytes = bytes.readUInt16BE(4);
  if (bytes.readUInt16BE(2) !== 0 || sizeBytes < 2 || sizeBytes > 254) return 'insane';
  return bytes.length < 6 + sizeBytes ? null : bytes.subarray(0, 6 + sizeBytes);
}

function answerFrame(frame: Buffer, units: ModbusUnits, faults: FaultSwitch, random: () => number): WireAnswer {
  const transaction = frame.readUInt16BE(0);
  const unitId = frame[6]!;
  const request = frame.subarray(HEADER_BYTES);
  const unit = units.get(unitId);
  // As a gateway that has nobody at this address on its serial side.
  const silent = Buffer.from([request[0]! | 0x80, MODBUS_EXCEPTIONS.gatewayTargetSilent]);
  const pdu = unit === undefined ? silent : answerPdu(unit, request);
  const encode: EncodeFrame = (id, body, spoil) => encodeTcpFrame(spoil ? transaction ^ 0x55 : transaction, id, body);
  return shapeAnswer({ unit: unitId, pdu, request: frame, encode, random }, faults.take(unitId));
}

export function encodeTcpFrame(transaction: number, unit: number, pdu: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + pdu.length);
  frame.writeUInt16BE(transaction, 0);
  frame.writeUInt16BE(0, 2);
  frame.writeUInt16BE(pdu.length + 1, 4);
  frame[6] = unit;
  frame.set(pdu, HEADER_BYTES);
  return frame;
}

function isPlain(answer: WireAnswer): boolean {
  return answer.delayMs === 0 && answer.gapMs === 0;
}

function sendPlain(socket: Socket, answer: WireAnswer): void {
  if (answer.drop) return void socket.destroy();
  for (const piece of answer.pieces) if (!socket.destroyed) socket.write(piece);
}

async function sendShaped(socket: Socket, answer: WireAnswer, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    if (answer.delayMs > 0) await wait(clock, answer.delayMs, signal);
    for (const [index, piece] of answer.pieces.entries()) {
      if (index > 0 && answer.gapMs > 0) await wait(clock, answer.gapMs, signal);
      sendPlain(socket, { ...answer, pieces: [piece] });
    }
    if (answer.drop) socket.destroy();
  } catch (fault) {
    if (!isLimpidError(fault, 'STOPPED')) throw fault;
  }
}
