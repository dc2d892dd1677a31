import type { Clock } from '../core/clock.ts';
import type { Code } from '../core/codes.ts';
import type { Service } from '../core/lifecycle.ts';
import type { Suite } from '../ledger/seal/suite.ts';
import type { LedgerReader } from '../ledger/store/contract.ts';
import type { Files } from '../ledger/store/files.ts';

/**
 * A destination that follows the ledger at its own pace. It sends only what is durable, from its cursor on and in
 * order; only a receipt moves the cursor that survives a restart. An uplink that is slow or down holds nobody up.
 *
 * `start` resolves when the uplink works, not when the far end is reached. `stop` settles everything that is under
 * way; what was not receipted is sent again by the next start.
 */
export interface Uplink extends Service {
  readonly name: string;
  /** mqtt … */
  readonly kind: string;
  status(): UplinkStatus;
}

export interface UplinkStatus {
  name: string;
  connected: boolean;
  /** next sequence to be sent */
  cursor: number;
  /** the far end has signed that it durably holds the entries 0..receiptedSize-1 */
  receiptedSize: number;
  /** ms UTC inside the newest receipt */
  receiptAtMs: number | null;
  /** entries of the ledger that the far end has not (yet) taken over */
  backlog: number;
  /** entries that were sent for the first time since the start, and those sent again */
  sent: number;
  resent: number;
  /** what is wrong now; null as soon as it is right again */
  lastFault: UplinkFault | null;
}

export interface UplinkFault {
  code: Code;
  text: string;
}

/** What two ends disagree about. `root` is what the far end signed. */
export interface Disagreement {
  note: string;
  size: number;
  root: Uint8Array;
  ourSize: number;
}

export interface UplinkDeps {
  ledger: LedgerReader;
  clock: Clock;
  /** 0 ≤ x < 1 */
  random: () => number;
  suite: Suite;
  files: Files;
  /** where `passwordEnv` is looked up */
  env: Readonly<Record<string, string | undefined>>;
  /** the data directory; an uplink keeps its state in `uplinks/<name>/` below */
  stateDir: string;
  /** files named in the options are relative to this directory */
  siteDir: string;
  log?: UplinkLog;
  /** A new receipt that covers more than the one before it, already durable here. */
  onReceipt?: (note: string, size: number) => void | Promise<void>;
  /** The far end has signed more entries than we have: this machine lost some (card, restored image). */
  onPeerAhead?: (found: Disagreement) => void | Promise<void>;
  /** The far end has signed other entries than ours. */
  onForkFound?: (found: Disagreement) => void | Promise<void>;
}

/** pino fits. */
export interface UplinkLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}
