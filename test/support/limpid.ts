import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../gateway/bin/limpid.js', import.meta.url));

export interface Outcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `limpid …` (as built in dist) to its end. */
export async function limpid(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const running = new RunningCommand(BIN, args, env);
  return running.ended;
}

/** A `limpid run` (or any command) that goes on until it is stopped. */
export function startLimpid(args: readonly string[], env: Record<string, string> = {}): RunningCommand {
  return new RunningCommand(BIN, args, env);
}

export class RunningCommand {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
  readonly lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  #over = false;
  #stderr = '';

  constructor(script: string, args: readonly string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, LANG: 'C', LC_ALL: 'C', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => {
      this.lines.push(line);
      for (const look of this.#watchers) look();
    });
    child.stderr.on('data', (chunk) => {
      this.#stderr += String(chunk);
    });
    this.ended = Promise.all([once(child, 'close'), once(reader, 'close')]).then(([[code]]) => {
      this.#over = true;
      for (const look of this.#watchers) look();
      return { exitCode: typeof code === 'number' ? code : null, stdout: this.lines.join('\n'), stderr: this.#stderr };
    });
  }

  /** The first line of standard output that fits; rejects with everything said when the process ends before it. */
  line(fits: (line: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      let looked = 0;
      const look = () => {
        for (; looked < this.lines.length; looked += 1) {
          const line = this.lines[looked]!;
          if (!fits(line)) continue;
          this.#watchers.delete(look);
          resolve(line);
          return;
        }
        if (!this.#over) return;
        this.#watchers.delete(look);
        reject(new Error(`ended before the line came:\n${this.lines.join('\n')}\n${this.#stderr}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  ready(): Promise<string> {
    return this.line((line) => line.includes('"msg":"ready"'));
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.process.kill(signal);
    return this.ended;
  }
}
