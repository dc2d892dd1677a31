import type { LimpidError } from '../core/error.ts';
import type { ReadFunction } from './line.ts';

/** A run of registers (or bits) that must be read by one request: a 32-bit pair is never torn. */
export interface Field {
  name: string;
  fn: ReadFunction;
  address: number;
  /** registers, or bits for functions 1 and 2 */
  count: number;
}

/** A documented block: only inside one may a read bridge a gap. Fields outside every block are read exactly. */
export interface Block {
  fn: ReadFunction;
  first: number;
  last: number;
}

/** How a device wants to be read. */
export interface DeviceMap {
  fields: readonly Field[];
  blocks: readonly Block[];
  /** greatest number of registers in one request; 125 unless the maker says less */
  maxRegisters: number;
  /** registers that must not be touched, although they lie inside a block */
  forbidden: readonly Block[];
  /** names of the fields that say what the others are worth: they are read before and after those */
  guards?: readonly string[];
}

/**
 * What one scan says of one field. `monoMs` is the moment the answer was complete; `earlier` is what a guard said before
 * the others were read.
 */
export type FieldResult =
  | { ok: true; words: Uint16Array; monoMs: number; earlier?: Uint16Array }
  | { ok: false; fault: LimpidError; monoMs: number };
