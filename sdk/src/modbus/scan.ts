import type { LimpidError } from '../core/error.ts';
import type { FieldResult } from './field.ts';
import type { LineCost } from './line.ts';
import type { PlannedRead } from './plan.ts';

/** What came of one request. `refused` only where the device objects to the addresses or their number. */
export type Outcome =
  | { kind: 'answered' }
  | { kind: 'refused'; fault: LimpidError; exception: number }
  | { kind: 'failed' };

/** What is asked in a scan. */
export interface Plan {
  reads: PlannedRead[];
  /** guards, to be read once more */
  again: PlannedRead[];
  version: number;
  cost: LineCost;
}

/** One scan while it is under way. */
export interface Scan {
  signal: AbortSignal | undefined;
  results: Map<string, FieldResult>;
  probing: boolean;
  /** garbled answers in a row, with those of scans before in which nothing else came */
  garbled: number;
  garbledReads: PlannedRead[];
  /** the unit answered something, if only with an exception */
  hasSpoken: boolean;
  /** why no further request is made in this scan */
  ended: LimpidError | null;
}
