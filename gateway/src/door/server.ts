import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { faultText, LimpidError, type Service } from '@limpid/sdk/core';
import { createLineSplitter } from './lines.ts';
import { type DoorFault, doorPath, encodeLine, parseRequest } from './protocol.ts';
import { openSocketPath, type SocketPath } from './socket-path.ts';

export interface DoorCall {
  params: unknown;
  /** aborted when the caller cancels or goes away */
  signal: AbortSignal;
}

/** An operation answers once, or with a stream. */
export type DoorOperation = (call: DoorCall) => Promise<unknown> | AsyncIterable<unknown>;

/** Listens in the data directory while the gateway runs. Whoever can open the socket owns the gateway: mode 0600. */
export class DoorServer implements Service {
  readonly #path: string;
  readonly #operations: Readonly<Record<string, DoorOperation>>;
  readonly #connections = new Set<Socket>();
  #server: Server | null = null;
  #socketPath: SocketPath | null = null;

  constructor(dataDir: string, operations: Readonly<Record<string, DoorOperation>>) {
    this.#path = doorPath(dataDir);
    this.#operations = operations;
  }

  /** The ledger's lock is held by now, so a socket that is still there was left by a process that is gone. */
  async start(): Promise<void> {
    rmSync(this.#path, { force: true });
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    this.#socketPath = openSocketPath(this.#path);
    const { path } = this.#socketPath;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const mask = process.umask(0o177);
      server.listen(path, resolve);
      process.umask(mask);
    });
    chmodSync(this.#path, 0o600);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#connections) socket.destroy();
    await closed;
    rmSync(this.#path, { force: true });
    this.#socketPath?.release();
  }

  #serve(socket: Socket): void {
    const calls = new Map<number, AbortController>();
    this.#connections.add(socket);
    socket.setEncoding('utf8');
    const split = createLineSplitter((line) => this.#accept(line, socket, calls));
    socket.on('data', (chunk: string) => {
      if (!split(chunk)) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connections.delete(socket);
      for (const call of calls.values()) call.abort();
    });
  }

  #accept(line: string, socket: Socket, calls: Map<number, AbortController>): void {
    const request = parseRequest(line);
    if (request === null) {
      socket.end(encodeLine({ id: 0, error: toFault(new LimpidError('USAGE', { detail: 'not a request' })) }));
      return;
    }
    if (request.op === 'cancel') {
      calls.get(request.id)?.abort();
      return;
    }
    const call = new AbortController();
    calls.set(request.id, call);
    void this.#answer(request.id, request.op, { params: request.params, signal: call.signal }, socket).finally(() =>
      calls.delete(request.id),
    );
  }

  async #answer(id: number, op: string, call: DoorCall, socket: Socket): Promise<void> {
    try {
      const operation = Object.hasOwn(this.#operations, op) ? this.#operations[op] : undefined;
      if (operation === undefined) throw new LimpidError('DOOR_REFUSED', { detail: `no operation ${op}` });
      const answer = operation(call);
      if (Symbol.asyncIterator in answer) {
        for await (const next of answer) await send(socket, { id, next }, call.signal);
        await send(socket, { id, end: true }, call.signal);
      } else {
        await send(socket, { id, result: await answer }, call.signal);
      }
    } catch (fault) {
      await send(socket, { id, error: toFault(fault) }, call.signal);
    }
  }
}

/** Waits while the reader is behind, so that a stalled one holds its own stream and nothing else. */
async function send(socket: Socket, answer: unknown, signal: AbortSignal): Promise<void> {
  if (socket.destroyed || socket.write(encodeLine(answer))) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

function toFault(fault: unknown): DoorFault {
  if (fault instanceof LimpidError) return { code: fault.code, message: fault.message, params: { ...fault.params } };
  return { code: 'INTERNAL', message: faultText(fault), params: { detail: faultText(fault) } };
}
