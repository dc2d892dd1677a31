/**
 * What this room needs of a file system. Everything that touches a disk goes through it, so that tests can refuse,
 * shorten or forget any write.
 */
export interface Files {
  /** `create` fails with EEXIST when the file is there; `write` and `read` fail with ENOENT when it is not */
  open(path: string, mode: OpenMode, permissions?: number): Promise<OpenFile>;
  readFile(path: string): Promise<Uint8Array>;
  readdir(path: string): Promise<string[]>;
  /** null when nothing is there */
  stat(path: string): Promise<FileStat | null>;
  mkdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  chmod(path: string, permissions: number): Promise<void>;
  /** makes creations, renames and removals in the folder durable */
  syncDirectory(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
}

export type OpenMode = 'read' | 'write' | 'create';

export interface FileStat {
  sizeBytes: number;
  permissions: number;
}

export interface OpenFile {
  /** may fill less than the buffer; 0 at the end of the file */
  readAt(buffer: Uint8Array, position: number): Promise<number>;
  /**
   * Into the page cache, at once: a thread hop costs more than this copy, and only `datasync` waits for the disk.
   * May write less than it was given.
   */
  writeAt(bytes: Uint8Array, position: number): number;
  datasync(): Promise<void>;
  /** with the file's size and times */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** The errno name of a file system fault (ENOSPC, EIO …), or '' */
export function faultCode(fault: unknown): string {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : '';
}

/** Fills the buffer as far as the file goes. */
export async function readFully(file: OpenFile, buffer: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const count = await file.readAt(buffer.subarray(filled), position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Writes a whole small file so that after a power cut either the old or the new one is there. */
export async function replaceFile(
  files: Files,
  path: string,
  bytes: Uint8Array,
  options: { permissions?: number } = {},
): Promise<void> {
  const temporary = `${path}.new`;
  if ((await files.stat(temporary)) !== null) await files.unlink(temporary);
  await createFile(files, temporary, bytes, options.permissions ?? 0o600);
  await files.rename(temporary, path);
  await files.syncDirectory(folderOf(path));
}

/** A new folder is lost in a power cut until its parent is synced, and all that lies in it. */
export async function makeDirectory(files: Files, path: string): Promise<void> {
  const parent = folderOf(path);
  if ((await files.stat(path)) !== null) return syncWhenEmpty(files, path, parent);
  if (parent !== path && parent !== '' && path.includes('/')) await makeDirectory(files, parent);
  await files.mkdir(path);
  if (path.includes('/')) await files.syncDirectory(parent);
}

/** An empty folder may be one that an earlier start made and did not get to sync. */
async function syncWhenEmpty(files: Files, path: string, parent: string): Promise<void> {
  if (!path.includes('/') || (await files.readdir(path)).length > 0) return;
  try {
    await files.syncDirectory(parent);
  } catch (fault) {
    // in a folder that may not even be read somebody else made it
    if (faultCode(fault) !== 'EACCES') throw fault;
  }
}

/** Creates a file with its contents on the disk; the folder is the caller's to sync. */
export async function createFile(files: Files, path: string, bytes: Uint8Array, permissions: number): Promise<void> {
  const file = await files.open(path, 'create', permissions);
  try {
    writeFully(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Goes on after short writes; a device that takes nothing and reports nothing is full. */
export function writeFully(file: OpenFile, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    const count = file.writeAt(bytes.subarray(written), position + written);
    if (count === 0) throw Object.assign(new Error('ENOSPC: the write took no bytes'), { code: 'ENOSPC' });
    written += count;
  }
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
