import type { UplinkStatus } from '@limpid/sdk/uplinks';

/** What a running gateway says of itself through its door. */
export interface GatewayStatus {
  site: string;
  version: string;
  /** ISO 8601, by the gateway's clock */
  time: string;
  startedAt: string;
  ledger: { id: string; size: number; firstSeq: number; sizeBytes: number };
  batchEveryS: number;
  clock: { state: string; errorMs: number | null };
  lines: LineStatus[];
  uplinks: UplinkStatus[];
  /** drafts that wait because the disk is full; 0 in health */
  waiting: number;
}

export interface LineStatus {
  name: string;
  open: boolean;
  /** share of the last half minute in which the wire was busy, 0..100 */
  usePercent: number;
  requests: number;
  timeouts: number;
  exceptions: number;
  garbled: number;
  lastAnswerMs: number | null;
}
