import type { Socket } from 'node:net';

/** One end of a wire: what came, what goes. */
export interface ByteStream {
  /** gives a function that stops listening */
  onData(listener: (bytes: Uint8Array) => void): () => void;
  write(bytes: Uint8Array): void;
  close(): Promise<void>;
}

export function socketStream(socket: Socket): ByteStream {
  socket.on('error', () => socket.destroy()); // a client that went away is no fault of a server; 'close' follows
  return {
    onData(listener) {
      socket.on('data', listener);
      return () => socket.off('data', listener);
    },
    write: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    close: () =>
      new Promise((resolve) => {
        if (socket.closed) return resolve();
        socket.once('close', () => resolve());
        socket.destroy();
      }),
  };
}
