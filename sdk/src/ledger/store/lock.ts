/**
 * One writer per ledger. Each process that wants to write creates a file of its own, named after its pid and its start
 * time, and only then looks for others: whichever of two comes second sees the first, so both can never go on. A file
 * whose process is gone (no such pid, another start time, another OS boot) is stale and removed; its name can never
 * belong to a living process again, so removing it races with nobody.
 */
import { isLimpidError, LimpidError } from '../../core/error.ts';
import { type Files, faultCode } from './files.ts';
import type { ProcessTable } from './process-table.ts';

export interface LedgerLock {
  release(): Promise<void>;
}

interface Owner {
  pid: number;
  startTime: string;
  osBootId: string;
}

const LOCK_NAME = /^lock-(\d+)-(\d+)$/;

export function isLockName(name: string): boolean {
  return LOCK_NAME.test(name);
}

/** LEDGER_LOCKED names the process that writes; LEDGER_READ_ONLY when the folder takes no files. */
export async function acquireLock(dir: string, files: Files, processes: ProcessTable): Promise<LedgerLock> {
  const own: Owner = { ...processes.self(), osBootId: processes.osBootId() };
  const path = `${dir}/${lockName(own)}`;
  await createLockFile({ dir, path, own, files });
  try {
    await refuseWhenHeld(dir, own, files, processes);
  } catch (fault) {
    await unlinkIfThere(path, files);
    throw fault;
  }
  let released = false;
  return {
    release: async () => {
      if (released) return;
      released = true;
      await unlinkIfThere(path, files).catch((fault: unknown) => {
        throw writeRefused(dir, fault);
      });
    },
  };
}

function lockName(owner: Owner): string {
  return `lock-${owner.pid}-${owner.startTime}`;
}

async function createLockFile(lock: { dir: string; path: string; own: Owner; files: Files }): Promise<void> {
  const { dir, path, own, files } = lock;
  try {
    const file = await files.open(path, 'create', 0o644);
    try {
      file.writeAt(new TextEncoder().encode(`${JSON.stringify(own)}\n`), 0);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (faultCode(cause) !== 'EEXIST') throw writeRefused(dir, cause);
    // The same pid and start time: this very process, or one of an earlier OS boot.
    const owner = await readOwner(path, files);
    if (owner?.osBootId === own.osBootId) throw new LimpidError('LEDGER_LOCKED', { pid: own.pid, dir });
    await files.unlink(path);
    await createLockFile(lock);
  }
}

async function refuseWhenHeld(dir: string, own: Owner, files: Files, processes: ProcessTable): Promise<void> {
  for (const name of await files.readdir(dir)) {
    const match = LOCK_NAME.exec(name);
    if (match === null || name === lockName(own)) continue;
    const pid = Number(match[1]);
    const owner = await readOwner(`${dir}/${name}`, files);
    const otherBoot = owner !== null && owner.osBootId !== own.osBootId;
    if (!otherBoot && (await processes.startTimeOf(pid)) === match[2]) {
      throw new LimpidError('LEDGER_LOCKED', { pid, dir });
    }
    await unlinkIfThere(`${dir}/${name}`, files);
  }
}

/** null: gone, or not written yet, in which case the name alone decides */
async function readOwner(path: string, files: Files): Promise<Owner | null> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(await files.readFile(path)));
    return isOwner(parsed) ? parsed : null;
  } catch (fault) {
    if (fault instanceof SyntaxError || faultCode(fault) === 'ENOENT') return null;
    throw fault;
  }
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== 'object' || value === null) return false;
  if (!('pid' in value && 'startTime' in value && 'osBootId' in value)) return false;
  return typeof value.pid === 'number' && typeof value.startTime === 'string' && typeof value.osBootId === 'string';
}

async function unlinkIfThere(path: string, files: Files): Promise<void> {
  try {
    await files.unlink(path);
  } catch (fault) {
    if (faultCode(fault) !== 'ENOENT') throw fault;
  }
}

/** What the file system itself refused, with the folder; faults that have a code of ours stay as they are. */
export function namingFolder(dir: string, fault: unknown): unknown {
  return !isLimpidError(fault) && faultCode(fault) !== '' ? writeRefused(dir, fault) : fault;
}

/** The error for a folder that takes no new files. */
export function writeRefused(dir: string, cause: unknown): LimpidError {
  const code = faultCode(cause);
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new LimpidError('LEDGER_DISK_FULL', { dir, detail }, { cause });
  return new LimpidError('LEDGER_READ_ONLY', { dir, detail }, { cause });
}
