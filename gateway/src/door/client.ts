import { createConnection, type Socket } from 'node:net';
import { CODES, type Code, createSystemClock, LimpidError, type Params, wait } from '@limpid/sdk/core';
import { createLineSplitter } from './lines.ts';
import { type DoorAnswer, type DoorFault, doorPath, encodeLine, parseAnswer } from './protocol.ts';
import { openSocketPath } from './socket-path.ts';

const ANSWER_MS = 60_000;

type Listener = (answer: DoorAnswer | { lost: LimpidError }) => void;

/** A command's way into the gateway that runs on a data directory. */
export class DoorClient {
  readonly #socket: Socket;
  readonly #dataDir: string;
  readonly #listeners = new Map<number, Listener>();
  #lastId = 0;

  private constructor(socket: Socket, dataDir: string) {
    this.#socket = socket;
    this.#dataDir = dataDir;
    socket.setEncoding('utf8');
    const split = createLineSplitter((line) => this.#accept(line));
    socket.on('data', (chunk: string) => {
      if (!split(chunk)) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#lose());
  }

  /** Fails with DOOR_ABSENT when no gateway runs there, with DOOR_DENIED when it is somebody else's. */
  static async open(dataDir: string): Promise<DoorClient> {
    let target: ReturnType<typeof openSocketPath>;
    try {
      target = openSocketPath(doorPath(dataDir));
    } catch (cause) {
      throw notOpened(dataDir, cause);
    }
    const socket = createConnection(target.path);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
    } catch (cause) {
      throw notOpened(dataDir, cause);
    } finally {
      target.release();
    }
    return new DoorClient(socket, dataDir);
  }

  /** DOOR_SILENT when there is no answer in time: a poll of a slow line is the longest. */
  async request(op: string, params: unknown = {}): Promise<unknown> {
    const limit = new AbortController();
    const late = wait(createSystemClock(), ANSWER_MS, limit.signal).then(
      () => Promise.reject(new LimpidError('DOOR_SILENT', { dir: this.#dataDir, seconds: ANSWER_MS / 1000 })),
      () => null, // answered in time
    );
    try {
      return await Promise.race([this.#answer(op, params), late]);
    } finally {
      limit.abort();
    }
  }

  async #answer(op: string, params: unknown): Promise<unknown> {
    for await (const answer of this.#call(op, params)) return answer;
    throw this.#gone();
  }

  /** Ends when the gateway ends it or the signal is aborted; fails with DOOR_LOST when the gateway goes away. */
  stream(op: string, params: unknown = {}, signal?: AbortSignal): AsyncIterable<unknown> {
    return this.#call(op, params, signal);
  }

  close(): void {
    this.#socket.destroy();
  }

  async *#call(op: string, params: unknown, signal?: AbortSignal): AsyncGenerator<unknown> {
    const id = ++this.#lastId;
    const queue: Parameters<Listener>[0][] = [];
    let wake = () => {};
    this.#listeners.set(id, (answer) => {
      queue.push(answer);
      wake();
    });
    const onAbort = () => wake();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (this.#socket.destroyed) queue.push({ lost: this.#gone() });
    else this.#socket.write(encodeLine({ id, op, params }));
    try {
      while (!signal?.aborted) {
        const answer = queue.shift();
        if (answer === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (queue.length > 0 || signal?.aborted) resolve();
          });
          continue;
        }
        if ('lost' in answer) throw answer.lost;
        if ('error' in answer) throw toError(answer.error);
        if ('end' in answer) return;
        yield 'next' in answer ? answer.next : answer.result;
        if ('result' in answer) return;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#listeners.delete(id);
      if (!this.#socket.destroyed) this.#socket.write(encodeLine({ id, op: 'cancel' }));
    }
  }

  #accept(line: string): void {
    const answer = parseAnswer(line);
    if (answer !== null) this.#listeners.get(answer.id)?.(answer);
  }

  #lose(): void {
    for (const listener of this.#listeners.values()) listener({ lost: this.#gone() });
  }

  #gone(): LimpidError {
    return new LimpidError('DOOR_LOST', { dir: this.#dataDir });
  }
}

/** A door that may not be opened is not an absent one: behind it somebody owns the lines. */
function notOpened(dataDir: string, cause: unknown): LimpidError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code !== 'EACCES' && code !== 'EPERM') return new LimpidError('DOOR_ABSENT', { dir: dataDir }, { cause });
  return new LimpidError('DOOR_DENIED', { path: doorPath(dataDir) }, { cause });
}

function toError(fault: DoorFault): LimpidError {
  if (!isCode(fault.code)) return new LimpidError('DOOR_REFUSED', { detail: fault.message });
  const params: Params = {};
  for (const [name, value] of Object.entries(fault.params)) params[name] = String(value);
  return new LimpidError(fault.code, params);
}

function isCode(code: string): code is Code {
  return Object.hasOwn(CODES, code);
}
