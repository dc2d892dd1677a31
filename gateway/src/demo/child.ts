import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { LimpidError, type Service } from '@limpid/sdk/core';
import { isRecord } from '../door/protocol.ts';
import { END_WITH_INPUT } from '../terminal/until-signal.ts';

export interface ChildOptions {
  name: string;
  /** script and arguments; run by the same Node as the demo */
  command: readonly string[];
  /** everything it prints on standard error goes here, and its standard output after the ready line */
  logFile: string;
  /** recognises the line of standard output by which the process says that it works */
  isReady: (message: Record<string, unknown>) => boolean;
}

/** How long a process may take to end by itself before it is killed. */
const STOP_MS = 10_000;
const LAST_LINES = 5;

/** A process of the demo: ready when it says so on standard output, in JSON, one message per line. */
export class Child implements Service {
  readonly #options: ChildOptions;
  readonly #lastLines: string[] = [];
  #process: ChildProcess | null = null;
  #ended: Promise<number | null> = Promise.resolve(null);
  #stopping = false;
  ready: Record<string, unknown> = {};

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { command, logFile, isReady } = this.#options;
    // In a process group of its own: Ctrl-C at the terminal is the demo's business, which ends its children in order.
    // Should the demo be killed, the end of their input ends them.
    const child = spawn(process.execPath, [...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, [END_WITH_INPUT]: '1' },
    });
    this.#process = child;
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.once('error', () => resolve(null));
    });
    const log = createWriteStream(logFile, { flags: 'a' });
    const onLine = (line: string) => {
      log.write(`${line}\n`);
      this.#lastLines.push(line);
      if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
    };
    createInterface({ input: child.stderr }).on('line', onLine);
    const ready = new Promise<Record<string, unknown>>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        onLine(line);
        const message = parse(line);
        if (message !== null && isReady(message)) resolve(message);
      });
    });
    this.ready = await Promise.race([ready, this.#ended.then((code) => Promise.reject(this.#fault(code)))]);
  }

  /** Rejects as soon as the process ends without having been asked to. */
  async failed(): Promise<never> {
    const code = await this.#ended;
    if (this.#stopping) return new Promise(() => {});
    throw this.#fault(code);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    this.#stopping = true;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await this.#ended;
    clearTimeout(killer);
  }

  /** At once: for a demo that ends without having stopped its processes. */
  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  #fault(code: number | null): LimpidError {
    const { name, logFile } = this.#options;
    const said = this.#lastLines.join(' | ');
    return new LimpidError('DEMO_CHILD', { name, code: code ?? 'none', logFile, said });
  }
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
