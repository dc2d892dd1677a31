import type { LimpidError } from '../core/error.ts';
import type { Reading } from '../core/reading.ts';

/** What one device said at one moment. `fault` names why readings are missing, where some are. */
export interface Poll {
  device: string;
  wallMs: number;
  monoMs: number;
  readings: Reading[];
  fault: LimpidError | null;
}

/** Polls that were due and did not take place. Absence is recorded, never left to be guessed. */
export interface MissedPolls {
  device: string;
  line: string;
  cause: 'overload';
  fromWallMs: number;
  toWallMs: number;
  count: number;
  intervalMs: number;
}

/** Where readings go: the gateway seals them, a Node-RED flow without a ledger passes them on as unsealed. */
export interface Sink {
  poll(poll: Poll): void;
  missed(missed: MissedPolls): void;
}

/** One device as the schedule sees it. */
export interface PollSource {
  readonly device: string;
  readonly intervalMs: number;
  /** One scan. Rejects only when the signal is aborted: a device that fails gives readings that say so. */
  poll(signal: AbortSignal): Promise<Poll>;
}
