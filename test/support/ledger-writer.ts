import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../crash/ledger-writer.mjs', import.meta.url));

/** A process that writes a ledger until it is killed, and what it was told is durable. */
export class LedgerWriterProcess {
  /** highest sequence that it printed, -1 before the first */
  acknowledged = -1;
  readonly child: ChildProcess;
  readonly #ended: Promise<void>;
  #rest = '';
  #faults = '';
  #waiting: { count: number; resolve: () => void; reject: (fault: Error) => void } | null = null;
  #count = 0;

  constructor(dir: string, options: { channels?: number; inHand?: number; segmentBytes?: number } = {}) {
    const { channels = 6, inHand = 3, segmentBytes = 65_536 } = options;
    const args = [SCRIPT, dir, String(channels), String(inHand), String(segmentBytes)];
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#faults += chunk.toString();
    });
    this.#ended = new Promise((resolve) => {
      this.child.on('close', () => {
        this.#waiting?.reject(new Error(`the writer ended: ${this.#faults}`));
        resolve();
      });
    });
  }

  /** Resolves after so many acknowledgements. */
  acknowledgements(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#count >= count) return resolve();
      this.#waiting = { count, resolve, reject };
    });
  }

  async kill(): Promise<void> {
    this.#waiting = null;
    this.child.kill('SIGKILL');
    await this.#ended;
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.acknowledged = Math.max(this.acknowledged, Number(line));
    this.#count += lines.length;
    if (this.#waiting === null || this.#count < this.#waiting.count) return;
    this.#waiting.resolve();
    this.#waiting = null;
  }
}
