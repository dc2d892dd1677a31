import type { WallState } from '../../core/clock.ts';
import type { Mantissa, Raw } from '../../core/reading.ts';

/** What every entry begins with. Byte strings are 8 (ledger) or 32 bytes. FORMAT: `prefix`. */
export interface Prefix {
  /** SHA-256(entry 0)[0..8); zeros in entry 0 */
  ledger: Uint8Array;
  seq: number;
  /** RFC 6962 tree head over entries 0..seq-1 */
  root: Uint8Array;
  /** leaf hash of the context entry in force; in a context entry the one before; zeros before the first */
  ctx: Uint8Array;
  /** how many times the writer has started, from 1 */
  start: number;
  hwctr: number | null;
  wallMs: number;
  /** whole ms */
  monoMs: number;
  clock: WallState;
}

/** Values that an event may carry: no floats. Map keys are strings. */
export type Detail = number | bigint | string | boolean | null | Uint8Array | Detail[] | { [key: string]: Detail };

/** The numbers are signed. */
export const ENTRY_KINDS = { key: 0, context: 1, batch: 2, figures: 3, event: 4, anchor: 5 } as const;
export type EntryKind = keyof typeof ENTRY_KINDS;

export type Entry =
  | { kind: 'key'; prefix: Prefix; op: number; coseKey: Uint8Array; proof: Uint8Array }
  | { kind: 'context'; prefix: Prefix; parts: Uint8Array[] }
  | { kind: 'batch'; prefix: Prefix; count: number; readingsRoot: Uint8Array }
  | { kind: 'figures'; prefix: Prefix; count: number; figuresRoot: Uint8Array }
  | { kind: 'event'; prefix: Prefix; code: number; detail: Detail }
  | { kind: 'anchor'; prefix: Prefix; type: number; about: number; evidence: Uint8Array };

/** The readings of one batch. One block per device and poll group. */
export interface BatchBody {
  /** 16 bytes that the salts come from, or none when nothing is ever withheld */
  seed: Uint8Array;
  /** ms UTC of the first poll */
  baseWallMs: number;
  blocks: BatchBlock[];
}

export interface BatchBlock {
  /** channel ids of the context in force */
  channels: number[];
  /** ms after base of each poll, by the monotonic clock */
  offsetsMs: number[];
  /** one per channel; each with one element per poll */
  columns: BatchColumn[];
}

export interface BatchColumn {
  raw: Raw[];
  /** null when every value equals the context's scaling of raw */
  value: Mantissa[] | null;
  /** one number when all are alike */
  quality: number | number[];
}

/** anchor types */
export const ANCHOR_TYPES = { receipt: 1, cosignature: 2, timestamp: 3 } as const;

/** The numbers of events; signed, never reused. Their detail is a map with the keys named here. */
export const EVENT_CODES = {
  /** osBoot, cutBytes, previousSeq, previousWallMs, previousMonoMs, clean */
  boot: 1,
  /** reason */
  stop: 2,
  /** cause (power bus device config overload clock), device, channels, fromWallMs, toWallMs, expected */
  gap: 3,
  /** beforeMs, afterMs, monoMs */
  clockStep: 4,
  /** before, after */
  clockState: 5,
  paramChange: 6,
  mode: 7,
  login: 8,
  writeCommand: 9,
  firmware: 10,
  /** fromSeq, toSeq, reason */
  drop: 11,
  /** percent */
  bufferPressure: 12,
  /** file, offset, detail */
  storageRepair: 13,
  tamperInput: 14,
  peerAhead: 15,
  forkFound: 16,
  ticket: 17,
  calibration: 18,
  finding: 19,
} as const;
export type EventName = keyof typeof EVENT_CODES;
