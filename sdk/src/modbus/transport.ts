/** Bytes out and in, and nothing about their meaning: a serial port or a TCP connection. */
export interface Transport {
  /** does not wait; what goes wrong comes as `onLost` */
  write(bytes: Buffer): void;
  /** ms that the transport itself adds around a write, for the direction of an RS-485 adapter */
  readonly writeDelayMs: number;
  /** drops what the operating system has received but not handed over */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface TransportEvents {
  onData(bytes: Buffer): void;
  /** once, and only after it had opened */
  onLost(detail: string): void;
}

/** Fails with a LINE_ code. Aborting gives the attempt up. */
export type OpenTransport = (events: TransportEvents, signal: AbortSignal) => Promise<Transport>;
