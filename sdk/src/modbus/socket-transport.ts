import { connect, type Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { faultText, LimpidError } from '../core/error.ts';
import { stopped } from '../core/lifecycle.ts';
import type { OpenTransport, Transport, TransportEvents } from './transport.ts';

export interface SocketOptions {
  line: string;
  host: string;
  port: number;
  /** for the connection to come about */
  connectTimeoutMs: number;
  clock: Clock;
}

/** A peer that lost its power says nothing: the kernel asks after this long without traffic. */
const KEEP_ALIVE_MS = 10_000;

export function socketTransport(options: SocketOptions): OpenTransport {
  return async (events, signal) => {
    if (signal.aborted) throw stopped(signal);
    const socket = connect({ host: options.host, port: options.port, noDelay: true });
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    await connected(socket, options, signal);
    return new SocketTransport(socket, events);
  };
}

async function connected(socket: Socket, options: SocketOptions, signal: AbortSignal): Promise<void> {
  const settled = new AbortController();
  const { line, host, port, clock, connectTimeoutMs } = options;
  const unreachable = (detail: string, cause?: unknown) =>
    new LimpidError('LINE_UNREACHABLE', { line, endpoint: `${host}:${port}`, detail }, { cause });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.on('error', (fault) => reject(unreachable(describe(fault), fault)));
      signal.addEventListener('abort', () => reject(stopped(signal)), { once: true, signal: settled.signal });
      clock.waitUntil(clock.monoMs() + connectTimeoutMs, settled.signal).then(
        () => reject(unreachable(`no connection within ${connectTimeoutMs} ms`)),
        () => undefined, // connected or failed before
      );
    });
  } catch (fault) {
    socket.destroy();
    throw fault;
  } finally {
    settled.abort();
  }
}

/** A name with several addresses fails with an AggregateError that has a code but no text. */
function describe(fault: Error): string {
  return faultText(fault) || ('code' in fault ? String(fault.code) : fault.name);
}

class SocketTransport implements Transport {
  readonly writeDelayMs = 0;
  readonly #socket: Socket;
  #isOver = false;

  constructor(socket: Socket, events: TransportEvents) {
    this.#socket = socket;
    const lose = (detail: string) => {
      if (this.#isOver) return;
      this.#isOver = true;
      socket.destroy();
      events.onLost(detail);
    };
    socket.on('data', (bytes: Buffer) => events.onData(bytes));
    socket.on('error', (fault) => lose(describe(fault)));
    socket.on('end', () => lose('the other end closed it'));
    socket.on('close', () => lose('closed'));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async flush(): Promise<void> {
    // A socket hands everything over as it comes.
  }

  close(): Promise<void> {
    this.#isOver = true;
    return new Promise((resolve) => {
      if (this.#socket.closed) return resolve();
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }
}
