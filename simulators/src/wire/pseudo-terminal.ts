import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { open } from '@lydell/node-pty';
import type { ByteStream } from './byte-stream.ts';

// The package's own declarations lack `open` and what it gives.
declare module '@lydell/node-pty' {
  export function open(options: { cols: number; rows: number; encoding: null }): {
    readonly _pty: string;
    readonly _master: ReadStream;
    readonly _slave: ReadStream;
  };
}

/** A serial line without hardware: a program opens `path` as its port, this is the device's end. */
export interface PseudoTerminal extends ByteStream {
  /** /dev/pts/N */
  readonly path: string;
}

/** `close` is the cable pulled out: the program's next write fails with EIO. */
export function openPseudoTerminal(): PseudoTerminal {
  const pair = open({ cols: 80, rows: 24, encoding: null });
  // node-pty reads the program's end itself and would steal bytes. A descriptor of our own keeps that end alive (else
  // the device end gets EIO whenever no program has it open), then node-pty's reader can go. Never call `destroy` of
  // the pair: it signals process -1, that is everybody.
  const hold = openSync(pair._pty, constants.O_RDWR | constants.O_NOCTTY);
  pair._slave.destroy();
  // A fresh terminal echoes and translates line ends until a program sets it raw.
  execFileSync('stty', ['-F', pair._pty, 'raw', '-echo']);
  const master = pair._master;
  master.on('error', () => master.destroy()); // EIO after the other end went away; there is nobody to tell
  let held = true;
  return {
    path: pair._pty,
    onData(listener) {
      master.on('data', listener);
      return () => master.off('data', listener);
    },
    write: (bytes) => {
      if (!master.destroyed) master.write(bytes);
    },
    close: () =>
      new Promise((resolve) => {
        if (held) closeSync(hold);
        held = false;
        if (master.closed) return resolve();
        master.once('close', () => resolve());
        master.destroy();
      }),
  };
}
