import type { Service } from '../core/lifecycle.ts';

/** Modbus functions that read: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers. */
export type ReadFunction = 1 | 2 | 3 | 4;

export interface ReadRequest {
  /** 0..255; 1..247 on a serial line */
  unit: number;
  fn: ReadFunction;
  /** on the wire, 0-based */
  address: number;
  /** registers (1..125) or bits (1..2000) */
  count: number;
}

/** What a line has done since it was started. Durations in ms of the monotonic clock. */
export interface LineUsage {
  requests: number;
  answers: number;
  exceptions: number;
  timeouts: number;
  /** bytes that were dropped because nobody had asked for them, or answers that did not fit the request */
  garbled: number;
  /** ms in which a request was out or silence was kept */
  busyMs: number;
  /** ms of the newest answer, from the last byte of the request to the last byte of the answer; null before the first */
  lastAnswerMs: number | null;
  open: boolean;
}

/** What one more request and one more register cost on this line, in ms: the weights of the read plan. */
export interface LineCost {
  perRequestMs: number;
  perRegisterMs: number;
}

/**
 * One wire, on which one request is out at a time; callers queue in order of arrival. `start` tries to open the port
 * and returns whether or not it could: a line that is not there is opened again with back-off, and meanwhile reads
 * fail at once with the code of the reason (LINE_PORT_MISSING, LINE_PORT_BUSY, LINE_UNREACHABLE, LINE_LOST …).
 */
export interface Line extends Service {
  readonly name: string;
  readonly cost: LineCost;
  /**
   * One register a word; for functions 1 and 2 one bit an element (0 or 1).
   * Fails with DEVICE_SILENT, DEVICE_EXCEPTION (params.exception holds the number), DEVICE_GARBLED, a LINE_ code,
   * REQUEST_INVALID, or STOPPED.
   */
  read(request: ReadRequest, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Uint16Array>;
  usage(): LineUsage;
}
