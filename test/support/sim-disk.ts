import type { FileStat, Files, OpenFile, OpenMode } from '@limpid/sdk/ledger/store';

export type DiskStep =
  | 'open'
  | 'write'
  | 'datasync'
  | 'sync'
  | 'truncate'
  | 'close'
  | 'rename'
  | 'unlink'
  | 'chmod'
  | 'mkdir'
  | 'syncDirectory'
  | 'readFile';

/** null lets the call through, an errno refuses it, a number lets only so many bytes of a write in. */
export type DiskFault = string | { shortBytes: number } | null;
export type DiskRule = (call: number, step: DiskStep, path: string) => DiskFault;

/** What of the unsynced survives: all of it (`kill -9`), nothing, or each sector and each piece of metadata by chance. */
export type Survival = 'all' | 'nothing' | (() => number);

const SECTOR_BYTES = 512;

class Inode {
  cache = new Uint8Array(0);
  disk = new Uint8Array(0);
  readonly dirty = new Set<number>();
  mode: number;
  diskMode: number;
  /** the smallest size since the last sync: what lay behind it is given back to the file system */
  shrunkTo = Number.POSITIVE_INFINITY;

  constructor(mode: number) {
    this.mode = mode;
    this.diskMode = mode;
  }

  resize(sizeBytes: number): void {
    const next = new Uint8Array(sizeBytes);
    next.set(this.cache.subarray(0, sizeBytes));
    this.shrunkTo = Math.min(this.shrunkTo, sizeBytes);
    const first = Math.floor(Math.min(sizeBytes, this.cache.length) / SECTOR_BYTES);
    for (let at = first; at * SECTOR_BYTES < sizeBytes; at += 1) this.dirty.add(at);
    for (const at of this.dirty) if (at * SECTOR_BYTES >= sizeBytes) this.dirty.delete(at);
    this.cache = next;
  }

  write(bytes: Uint8Array, position: number): void {
    if (position + bytes.length > this.cache.length) {
      const { shrunkTo } = this;
      this.resize(position + bytes.length);
      this.shrunkTo = shrunkTo;
    }
    this.cache.set(bytes, position);
    const last = Math.floor((position + bytes.length - 1) / SECTOR_BYTES);
    for (let at = Math.floor(position / SECTOR_BYTES); at <= last; at += 1) this.dirty.add(at);
  }

  /** Only dirty sectors are written: what an earlier, failed flush marked clean stays lost. */
  flush(): void {
    this.disk = this.#image(() => true, true);
    this.dirty.clear();
    this.shrunkTo = Number.POSITIVE_INFINITY;
  }

  afterCrash(survival: Survival): Inode {
    const keeps = () => (typeof survival === 'function' ? survival() < 0.5 : survival === 'all');
    const after = new Inode(keeps() ? this.mode : this.diskMode);
    after.cache = survival === 'all' ? this.cache.slice() : this.#image(keeps, keeps());
    after.disk = survival === 'all' ? this.disk.slice() : after.cache.slice();
    if (survival === 'all') {
      for (const at of this.dirty) after.dirty.add(at);
      after.shrunkTo = this.shrunkTo;
      after.diskMode = this.diskMode;
    }
    return after;
  }

  #image(keeps: () => boolean, size: boolean): Uint8Array<ArrayBuffer> {
    const image = new Uint8Array(size ? this.cache.length : this.disk.length);
    image.set(this.disk.subarray(0, Math.min(image.length, size ? this.shrunkTo : image.length)));
    for (const at of this.dirty) {
      if (!keeps() || at * SECTOR_BYTES >= image.length) continue;
      const end = Math.min(image.length, (at + 1) * SECTOR_BYTES);
      image.set(this.cache.subarray(at * SECTOR_BYTES, end), at * SECTOR_BYTES);
    }
    return image;
  }
}

type NameChange = { parent: string; apply: (names: Map<string, Inode | null>) => void };

/**
 * A file system in memory that forgets as real ones do: sectors stay in the page cache until a sync, a failed sync
 * marks them clean without having written them, names are lost until their folder is synced. `rule` sees every call
 * that changes something, by number, so a test can fail or stop at each in turn.
 */
export class SimDisk implements Files {
  rule: DiskRule = () => null;
  calls = 0;
  openHandles = 0;
  #names: Map<string, Inode | null> = new Map([['/data', null]]);
  #diskNames = new Map(this.#names);
  #pending: NameChange[] = [];

  /** The machine or the process after it stopped now. This disk is of no use afterwards. */
  afterCrash(survival: Survival): SimDisk {
    const names = survival === 'all' ? this.#names : new Map(this.#diskNames);
    if (typeof survival === 'function') {
      // a journal keeps the order
      const count = Math.floor(survival() * (this.#pending.length + 1));
      for (const { apply } of this.#pending.slice(0, count)) apply(names);
    }
    const after = new SimDisk();
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode | null) => {
      if (inode === null) return null;
      const copy = copies.get(inode) ?? inode.afterCrash(survival);
      copies.set(inode, copy);
      return copy;
    };
    after.#names = new Map([...names].filter(([path]) => reachable(path, names)).map(([path, i]) => [path, copyOf(i)]));
    after.#diskNames = new Map(after.#names);
    if (survival === 'all') {
      after.#diskNames = new Map([...this.#diskNames].map(([path, inode]) => [path, copyOf(inode)]));
      after.#pending = this.#pending.map(({ parent, apply }) => ({
        parent,
        apply: (target) => {
          apply(target);
          for (const [path, inode] of target) target.set(path, (inode && copies.get(inode)) ?? inode);
        },
      }));
    }
    return after;
  }

  async open(path: string, mode: OpenMode, permissions = 0o600): Promise<OpenFile> {
    if (mode !== 'read') this.#step('open', path);
    const found = this.#names.get(path);
    if (mode === 'create' && found !== undefined) throw errno('EEXIST', path);
    if (mode !== 'create' && !found) throw errno('ENOENT', path);
    if (mode === 'write' && found && (found.mode & 0o200) === 0) throw errno('EACCES', path);
    const inode = found ?? new Inode(permissions);
    if (mode === 'create') this.#rename(path, (names) => names.set(path, inode));
    this.openHandles += 1;
    return this.#handle(inode, path);
  }

  #handle(inode: Inode, path: string): OpenFile {
    let closed = false;
    const assertOpen = () => {
      if (closed) throw errno('EBADF', path);
    };
    const flush = (step: 'datasync' | 'sync') => async () => {
      assertOpen();
      try {
        this.#step(step, path);
      } catch (fault) {
        inode.dirty.clear(); // errors=continue: the pages are given up and count as clean
        throw fault;
      }
      inode.flush();
      if (step === 'sync') inode.diskMode = inode.mode;
    };
    return {
      readAt: async (buffer, position) => {
        assertOpen();
        const piece = inode.cache.subarray(position, position + buffer.length);
        buffer.set(piece);
        return piece.length;
      },
      writeAt: (bytes, position) => {
        assertOpen();
        const fault = this.#ask('write', path);
        if (typeof fault === 'string') throw errno(fault, path);
        const taken = fault === null ? bytes : bytes.subarray(0, fault.shortBytes);
        if (taken.length > 0) inode.write(taken, position);
        return taken.length;
      },
      datasync: flush('datasync'),
      sync: flush('sync'),
      truncate: async (sizeBytes) => {
        assertOpen();
        this.#step('truncate', path);
        inode.resize(sizeBytes);
      },
      sizeBytes: async () => inode.cache.length,
      close: async () => {
        if (closed) return;
        closed = true;
        this.openHandles -= 1;
      },
    };
  }

  async readFile(path: string): Promise<Uint8Array> {
    const inode = this.#names.get(path);
    if (!inode) throw errno('ENOENT', path);
    return inode.cache.slice();
  }

  async readdir(path: string): Promise<string[]> {
    return [...this.#names.keys()].filter((name) => parentOf(name) === path).map((name) => name.slice(path.length + 1));
  }

  async stat(path: string): Promise<FileStat | null> {
    const inode = this.#names.get(path);
    if (inode === undefined) return null;
    return inode === null
      ? { sizeBytes: 0, permissions: 0o755 }
      : { sizeBytes: inode.cache.length, permissions: inode.mode };
  }

  async mkdir(path: string): Promise<void> {
    this.#step('mkdir', path);
    this.#rename(path, (names) => names.set(path, null));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', from);
    const inode = this.#names.get(from);
    if (!inode) throw errno('ENOENT', from);
    this.#rename(to, (names) => names.delete(from) && names.set(to, inode));
  }

  async unlink(path: string): Promise<void> {
    this.#step('unlink', path);
    if (!this.#names.get(path)) throw errno('ENOENT', path);
    this.#rename(path, (names) => names.delete(path));
  }

  async chmod(path: string, permissions: number): Promise<void> {
    this.#step('chmod', path);
    const inode = this.#names.get(path);
    if (!inode) throw errno('ENOENT', path);
    inode.mode = permissions;
  }

  async syncDirectory(path: string): Promise<void> {
    this.#step('syncDirectory', path);
    for (const { apply } of this.#pending.filter(({ parent }) => parent === path)) apply(this.#diskNames);
    this.#pending = this.#pending.filter(({ parent }) => parent !== path);
  }

  async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER;
  }

  #rename(path: string, apply: NameChange['apply']): void {
    apply(this.#names);
    this.#pending.push({ parent: parentOf(path), apply });
  }

  #step(step: DiskStep, path: string): void {
    const fault = this.#ask(step, path);
    if (typeof fault === 'string') throw errno(fault, path);
  }

  #ask(step: DiskStep, path: string): DiskFault {
    this.calls += 1;
    return this.rule(this.calls, step, path);
  }
}

function reachable(path: string, names: ReadonlyMap<string, Inode | null>): boolean {
  return path === '/data' || (names.has(parentOf(path)) && reachable(parentOf(path), names));
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${path}`), { code });
}

/** mulberry32: the same chances in every run. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
