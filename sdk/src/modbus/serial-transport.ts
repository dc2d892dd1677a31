import { readdir } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { type Clock, wait } from '../core/clock.ts';
import { faultText, LimpidError } from '../core/error.ts';
import { stopped } from '../core/lifecycle.ts';
import type { SerialFormat } from './line-timing.ts';
import type { OpenTransport, Transport, TransportEvents } from './transport.ts';

/** How an adapter without automatic direction is switched between sending and listening. */
export interface Rs485Options {
  /** RTS is high while sending, or high while listening */
  rts: 'none' | 'on-send' | 'after-send';
  delayBeforeSendMs: number;
  delayAfterSendMs: number;
}

export interface SerialOptions extends SerialFormat {
  line: string;
  /** /dev/ttyUSB0, or the name that stays: /dev/serial/by-id/… */
  path: string;
  rs485?: Rs485Options;
  clock: Clock;
  /** the ports there are, for the message; default: those of this machine */
  listPorts?: () => Promise<string[]>;
}

export function serialTransport(options: SerialOptions): OpenTransport {
  return async (events, signal) => {
    if (signal.aborted) throw stopped(signal);
    const { path, baudRate, parity, dataBits, stopBits } = options;
    const port = new SerialPort({ path, baudRate, parity, dataBits, stopBits, lock: true, autoOpen: false });
    const fault = await new Promise<Error | null>((resolve) => port.open(resolve));
    if (fault !== null) throw await toLineFault(fault, options);
    const transport = new SerialTransport(port, options, events);
    if (!signal.aborted) await transport.listen();
    if (!signal.aborted) return transport;
    await transport.close();
    throw stopped(signal);
  };
}

class SerialTransport implements Transport {
  readonly writeDelayMs: number;
  readonly #port: SerialPort;
  readonly #rs485: Rs485Options | null;
  readonly #clock: Clock;
  readonly #lose: (detail: string) => void;
  readonly #closing = new AbortController();
  #hasModemLines = true;
  #isOver = false;

  constructor(port: SerialPort, options: SerialOptions, events: TransportEvents) {
    const rs485 = options.rs485;
    this.#port = port;
    this.#clock = options.clock;
    this.#rs485 = rs485 === undefined || rs485.rts === 'none' ? null : rs485;
    this.writeDelayMs = this.#rs485 === null ? 0 : this.#rs485.delayBeforeSendMs + this.#rs485.delayAfterSendMs;
    this.#lose = (detail) => {
      if (this.#isOver) return;
      this.#isOver = true;
      events.onLost(detail);
    };
    port.on('data', (bytes: Buffer) => events.onData(bytes));
    port.on('error', (fault) => this.#lose(faultText(fault)));
    // An adapter that was pulled out closes twice, or stays "open" until a write gives EIO.
    port.on('close', (fault?: Error) => this.#lose(fault === undefined ? 'the port closed' : faultText(fault)));
  }

  /** Puts an RS-485 adapter into the direction in which it hears. */
  async listen(): Promise<void> {
    if (this.#rs485 !== null) await this.#setRts(this.#rs485.rts === 'after-send');
  }

  write(bytes: Buffer): void {
    const sent = this.#rs485 === null ? this.#send(bytes) : this.#sendHalfDuplex(bytes, this.#rs485);
    sent.catch((fault: unknown) => this.#lose(faultText(fault)));
  }

  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#port.flush((fault) => {
        if (fault) this.#lose(faultText(fault));
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#isOver = true;
    this.#closing.abort();
    // The only fault of closing is "not open": it was pulled out before.
    return new Promise((resolve) => this.#port.close(() => resolve()));
  }

  #send(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#port.write(bytes, undefined, (fault) => (fault ? reject(fault) : resolve()));
    });
  }

  async #sendHalfDuplex(bytes: Buffer, rs485: Rs485Options): Promise<void> {
    await this.#setRts(rs485.rts === 'on-send');
    if (rs485.delayBeforeSendMs > 0) await wait(this.#clock, rs485.delayBeforeSendMs, this.#closing.signal);
    await this.#send(bytes);
    await new Promise<void>((resolve, reject) => this.#port.drain((fault) => (fault ? reject(fault) : resolve())));
    if (rs485.delayAfterSendMs > 0) await wait(this.#clock, rs485.delayAfterSendMs, this.#closing.signal);
    await this.#setRts(rs485.rts === 'after-send');
  }

  /** A pseudo-terminal and some USB adapters have no modem lines; then there is nothing to switch. */
  #setRts(isHigh: boolean): Promise<void> {
    if (!this.#hasModemLines) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#port.set({ rts: isHigh }, (fault) => {
        if (fault && !faultText(fault).includes('Inappropriate ioctl')) return reject(fault);
        if (fault) this.#hasModemLines = false;
        resolve();
      });
    });
  }
}

/** serialport's errors have a text and no code: this is the one place that reads it. */
export async function toLineFault(
  fault: Error,
  options: Pick<SerialOptions, 'line' | 'path' | 'listPorts'>,
): Promise<LimpidError> {
  const { line, path } = options;
  const text = faultText(fault);
  const cause = { cause: fault };
  if (/No such (file|device)/i.test(text)) {
    const ports = await (options.listPorts ?? listSerialPorts)();
    return new LimpidError('LINE_PORT_MISSING', { line, path, present: ports.join(', ') || 'none' }, cause);
  }
  if (/Permission denied|Operation not permitted/i.test(text)) {
    return new LimpidError('LINE_PORT_DENIED', { line, path }, cause);
  }
  if (/Cannot lock port|temporarily unavailable|resource busy/i.test(text)) {
    return new LimpidError('LINE_PORT_BUSY', { line, path }, cause);
  }
  return new LimpidError('LINE_UNREACHABLE', { line, endpoint: path, detail: text }, cause);
}

/** The names that survive replugging first. The kernel makes ttyS0..31 whether they are wired or not: left out. */
export async function listSerialPorts(): Promise<string[]> {
  const byId = (await namesIn('/dev/serial/by-id')).map((name) => `/dev/serial/by-id/${name}`);
  const plain = (await namesIn('/dev')).filter((name) => /^tty(USB|ACM|AMA|SC|XRUSB)\d+$/.test(name));
  return [...byId.sort(), ...plain.sort().map((name) => `/dev/${name}`)];
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // there is no such folder while nothing is plugged in
  }
}
