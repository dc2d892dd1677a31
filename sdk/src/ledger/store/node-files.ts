import * as fs from 'node:fs';
import { constants } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, stat, statfs, unlink } from 'node:fs/promises';
import { type Files, faultCode, type OpenFile, type OpenMode } from './files.ts';

/** The one adapter of this room to the real file system. */
export function createNodeFiles(): Files {
  return {
    open: (path, mode, permissions = 0o600) => openFile(path, mode, permissions),
    readFile: async (path) => new Uint8Array(await readFile(path)),
    readdir: (path) => readdir(path),
    stat: async (path) => {
      try {
        const { size, mode } = await stat(path);
        return { sizeBytes: size, permissions: mode & 0o777 };
      } catch (fault) {
        if (faultCode(fault) === 'ENOENT') return null;
        throw fault;
      }
    },
    mkdir: async (path) => {
      await mkdir(path, { recursive: true, mode: 0o755 });
    },
    rename,
    unlink,
    chmod,
    syncDirectory: async (path) => {
      const folder = await open(path, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
    freeBytes: async (path) => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
  };
}

const FLAGS: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

/** Plain descriptors with callbacks: on the way of every commit they are measurably quicker than FileHandle. */
async function openFile(path: string, mode: OpenMode, permissions: number): Promise<OpenFile> {
  const fd = await new Promise<number>((resolve, reject) => {
    fs.open(path, FLAGS[mode] | constants.O_NOFOLLOW, permissions, (fault, opened) =>
      fault === null ? resolve(opened) : reject(fault),
    );
  });
  let closed = false;
  return {
    readAt: (buffer, position) =>
      new Promise((resolve, reject) => {
        fs.read(fd, buffer, 0, buffer.length, position, (fault, count) =>
          fault === null ? resolve(count) : reject(fault),
        );
      }),
    writeAt: (bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position),
    datasync: () => settle((done) => fs.fdatasync(fd, done)),
    sync: () => settle((done) => fs.fsync(fd, done)),
    truncate: (sizeBytes) => settle((done) => fs.ftruncate(fd, sizeBytes, done)),
    sizeBytes: () =>
      new Promise((resolve, reject) => {
        fs.fstat(fd, (fault, found) => (fault === null ? resolve(found.size) : reject(fault)));
      }),
    close: async () => {
      if (closed) return;
      closed = true;
      await settle((done) => fs.close(fd, done));
    },
  };
}

function settle(run: (done: (fault: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => run((fault) => (fault ? reject(fault) : resolve())));
}
