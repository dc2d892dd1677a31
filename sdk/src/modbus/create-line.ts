import type { BackoffSchedule } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { LimpidError } from '../core/error.ts';
import type { Line } from './line.ts';
import { bitsPerCharacter, type SerialFormat } from './line-timing.ts';
import { RtuWire } from './rtu-wire.ts';
import { type Rs485Options, type SerialOptions, serialTransport } from './serial-transport.ts';
import { socketTransport } from './socket-transport.ts';
import { TcpWire } from './tcp-wire.ts';
import type { OpenTransport } from './transport.ts';
import { WireLine } from './wire-line.ts';

interface CommonOptions {
  name: string;
  /** for an answer, from the last byte of the request on; default 1000 */
  timeoutMs?: number;
  /** how a line that is not there is tried again */
  reconnect?: BackoffSchedule;
}

export interface RtuLineOptions extends CommonOptions, SerialFormat {
  type: 'rtu';
  /** /dev/ttyUSB0 or, better, /dev/serial/by-id/… */
  path: string;
  /** silence before each request beyond the 3.5 characters, for devices that need a pause; default 0 */
  turnaroundMs?: number;
  rs485?: Rs485Options;
  /** the adapter hears itself; without it that is learnt from the first answer */
  echo?: boolean;
}

export interface TcpLineOptions extends CommonOptions {
  type: 'tcp';
  host: string;
  port: number;
}

export interface RtuOverTcpLineOptions extends CommonOptions {
  type: 'rtu-over-tcp';
  host: string;
  port: number;
  /** of the serial side behind the converter, for the silence and the cost; default 9600 */
  baudRate?: number;
  turnaroundMs?: number;
  echo?: boolean;
}

export type LineOptions = RtuLineOptions | TcpLineOptions | RtuOverTcpLineOptions;

export interface LineDependencies {
  clock: Clock;
  /** 0 ≤ x < 1 */
  random: () => number;
  /** in place of the serial port */
  openSerial?: (options: SerialOptions) => OpenTransport;
}

export const DEFAULT_TIMEOUT_MS = 1_000;
const DEFAULT_BAUD_RATE = 9_600;
/** Plugging an adapter in again should not take a minute to be noticed. */
export const RECONNECT: BackoffSchedule = { initialMs: 500, maximumMs: 10_000, factor: 2, jitter: 0.2 };

/** A line that has not been started; nothing is opened yet. */
export function createLine(options: LineOptions, dependencies: LineDependencies): Line {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const { clock, random } = dependencies;
  const wire = createWire(options, timeoutMs, dependencies);
  return new WireLine({
    name: options.name,
    timeoutMs,
    wire,
    clock,
    random,
    reconnect: options.reconnect ?? RECONNECT,
  });
}

function createWire(options: LineOptions, timeoutMs: number, dependencies: LineDependencies): RtuWire | TcpWire {
  const { clock } = dependencies;
  switch (options.type) {
    case 'rtu':
      return rtuWire(options, timeoutMs, dependencies);
    case 'tcp':
      return new TcpWire({ line: options.name, open: socketOf(options, timeoutMs, clock), clock });
    case 'rtu-over-tcp':
      return new RtuWire({
        line: options.name,
        open: socketOf(options, timeoutMs, clock),
        clock,
        baudRate: options.baudRate ?? DEFAULT_BAUD_RATE,
        bitsPerCharacter: 10,
        turnaroundMs: options.turnaroundMs ?? 0,
        echo: options.echo ?? false,
        timeoutMs,
        isConnection: true,
      });
    default:
      throw new LimpidError('INTERNAL', { detail: `no such line: ${JSON.stringify(options satisfies never)}` });
  }
}

function rtuWire(options: RtuLineOptions, timeoutMs: number, dependencies: LineDependencies): RtuWire {
  const { clock } = dependencies;
  const { name, path, baudRate, parity, dataBits, stopBits, rs485 } = options;
  const serial: SerialOptions = { line: name, path, baudRate, parity, dataBits, stopBits, clock };
  if (rs485 !== undefined) serial.rs485 = rs485;
  return new RtuWire({
    line: name,
    open: (dependencies.openSerial ?? serialTransport)(serial),
    clock,
    baudRate,
    bitsPerCharacter: bitsPerCharacter(options),
    turnaroundMs: options.turnaroundMs ?? 0,
    echo: options.echo ?? false,
    timeoutMs,
    isConnection: false,
  });
}

function socketOf(options: TcpLineOptions | RtuOverTcpLineOptions, timeoutMs: number, clock: Clock): OpenTransport {
  return socketTransport({
    line: options.name,
    host: options.host,
    port: options.port,
    connectTimeoutMs: timeoutMs,
    clock,
  });
}
