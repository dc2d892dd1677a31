import { closeSync, constants, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DOOR_FILE, LONGEST_SOCKET_PATH } from './protocol.ts';

export interface SocketPath {
  path: string;
  release(): void;
}

/** A path that fits into a socket address: long ones go through /proc/self/fd of their directory. */
export function openSocketPath(path: string): SocketPath {
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { path, release: () => {} };
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: join('/proc/self/fd', String(directory), DOOR_FILE), release: () => closeSync(directory) };
}
