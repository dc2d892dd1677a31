import type { Files, OpenFile } from '@limpid/sdk/ledger/store';

export type FileStep =
  | 'open'
  | 'write'
  | 'datasync'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'chmod'
  | 'syncDirectory'
  | 'read';

/** What a rule answers: null lets the step through, an errno refuses it, a number lets only so many bytes in. */
export type Fault = string | { shortBytes: number; thenCode?: string } | null;
export type FaultRule = (step: FileStep, path: string, detail: { position?: number; bytes?: number }) => Fault;

interface Shadow {
  /** contents that survive a power cut */
  durable: Uint8Array;
}

/**
 * Wraps real files. `rule` may refuse or shorten any step; `powerCut` puts every file back to what its last sync left
 * and refuses everything after. Counts what was done, so a test can say "one flush".
 */
export class FaultyFiles implements Files {
  rule: FaultRule = () => null;
  readonly counts = new Map<FileStep, number>();
  readonly #inner: Files;
  readonly #shadows = new Map<string, Shadow>();
  #cut = false;
  /** held back until released: lets a test look while a flush is under way */
  #gate: Promise<void> | null = null;
  #openGate: (() => void) | null = null;

  constructor(inner: Files) {
    this.#inner = inner;
  }

  count(step: FileStep): number {
    return this.counts.get(step) ?? 0;
  }

  holdDatasync(): () => void {
    this.#gate = new Promise((resolve) => {
      this.#openGate = resolve;
    });
    return () => {
      this.#openGate?.();
      this.#gate = null;
    };
  }

  async open(path: string, mode: 'read' | 'write' | 'create', permissions?: number): Promise<OpenFile> {
    this.#step('open', path);
    const file = await this.#inner.open(path, mode, permissions);
    if (mode === 'read') return this.#wrapRead(file, path);
    if (!this.#shadows.has(path)) {
      this.#shadows.set(path, { durable: mode === 'create' ? new Uint8Array(0) : await this.#inner.readFile(path) });
    }
    return this.#wrap(file, path);
  }

  #wrapRead(file: OpenFile, path: string): OpenFile {
    return {
      ...file,
      readAt: (buffer, position) => {
        this.#step('read', path, { position, bytes: buffer.length });
        return file.readAt(buffer, position);
      },
    };
  }

  #wrap(file: OpenFile, path: string): OpenFile {
    return {
      readAt: file.readAt,
      sizeBytes: file.sizeBytes,
      close: file.close,
      writeAt: (bytes, position) => {
        const fault = this.#ask('write', path, { position, bytes: bytes.length });
        if (typeof fault === 'string') throw errno(fault, path);
        if (fault === null) return file.writeAt(bytes, position);
        const count = file.writeAt(bytes.subarray(0, fault.shortBytes), position);
        if (fault.thenCode !== undefined) throw errno(fault.thenCode, path);
        return count;
      },
      truncate: async (sizeBytes) => {
        this.#step('truncate', path);
        await file.truncate(sizeBytes);
      },
      datasync: () => this.#flush('datasync', file, path),
      sync: () => this.#flush('sync', file, path),
    };
  }

  async #flush(step: 'datasync' | 'sync', file: OpenFile, path: string): Promise<void> {
    this.#step(step, path);
    const image = await this.#inner.readFile(path);
    if (step === 'datasync') await this.#gate;
    if (this.#cut) throw errno('EIO', path);
    await file[step]();
    this.#shadows.set(path, { durable: image });
  }

  /** Drops everything that was not synced, as a power cut does. Renames and removals count as done at once. */
  async powerCut(): Promise<void> {
    this.#cut = true;
    for (const [path, { durable }] of this.#shadows) {
      if ((await this.#inner.stat(path)) === null) continue;
      await this.#inner.chmod(path, 0o600);
      const file = await this.#inner.open(path, 'write');
      await file.truncate(0);
      if (durable.length > 0) file.writeAt(durable, 0);
      await file.close();
    }
  }

  readFile(path: string): Promise<Uint8Array> {
    this.#step('read', path);
    return this.#inner.readFile(path);
  }

  readdir(path: string): Promise<string[]> {
    return this.#inner.readdir(path);
  }

  stat(path: string) {
    return this.#inner.stat(path);
  }

  mkdir(path: string): Promise<void> {
    return this.#inner.mkdir(path);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', from);
    await this.#inner.rename(from, to);
    const shadow = this.#shadows.get(from);
    if (shadow !== undefined) this.#shadows.set(to, shadow);
    this.#shadows.delete(from);
  }

  async unlink(path: string): Promise<void> {
    this.#step('unlink', path);
    await this.#inner.unlink(path);
    this.#shadows.delete(path);
  }

  async chmod(path: string, permissions: number): Promise<void> {
    this.#step('chmod', path);
    await this.#inner.chmod(path, permissions);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#step('syncDirectory', path);
    await this.#inner.syncDirectory(path);
  }

  freeBytes(path: string): Promise<number> {
    return this.#inner.freeBytes(path);
  }

  #step(step: FileStep, path: string, detail: { position?: number; bytes?: number } = {}): void {
    const fault = this.#ask(step, path, detail);
    if (typeof fault === 'string') throw errno(fault, path);
  }

  #ask(step: FileStep, path: string, detail: { position?: number; bytes?: number }): Fault {
    if (this.#cut) return 'EIO';
    this.counts.set(step, this.count(step) + 1);
    return this.rule(step, path, detail);
  }
}

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: refused by the test, ${path}`), { code });
}
