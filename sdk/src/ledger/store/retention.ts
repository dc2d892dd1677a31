import type { Files } from './files.ts';
import type { SegmentFile } from './segment-files.ts';
import { readSegmentFooter } from './segment-index.ts';

/** What may be deleted, and when. The newest segment never is. */
export interface RetentionPolicy {
  keepDays: number;
  /**
   * How far every uplink that must have the data says, by signed receipt, that it durably holds the ledger; null where
   * no uplink gives receipts and age alone decides.
   */
  receiptedSize: number | null;
}

export type DropReason = 'age' | 'quota';

/** A sealed segment. */
export interface SegmentExtent extends SegmentFile {
  nextSeq: number;
  latestMs: number;
  sizeBytes: number;
}

export interface DroppedSegments {
  fromSeq: number;
  toSeq: number;
  reason: DropReason;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** No ledger is older than its format: an earlier wall time is that of a clock nobody had set, and says no age. */
const FORMAT_BORN_MS = Date.UTC(2026, 0, 1);

/**
 * The segments to delete, oldest first, without holes. Where receipts are required nothing beyond them goes, however
 * old it is and however full the disk: then the ledger refuses new entries rather than lose what nobody has. Over the
 * quota the oldest go before their time. What was written before the clock was set is as old as what follows it.
 * `sealed` is without the segment that is being written.
 */
export function planDrops(
  sealed: readonly SegmentExtent[],
  policy: RetentionPolicy,
  now: { wallMs: number; usedBytes: number; quotaBytes: number | null },
): { segment: SegmentExtent; reason: DropReason }[] {
  const drops: { segment: SegmentExtent; reason: DropReason }[] = [];
  let { usedBytes } = now;
  for (const [at, segment] of sealed.entries()) {
    if (policy.receiptedSize !== null && segment.nextSeq > policy.receiptedSize) break;
    const datedMs = sealed.slice(at).find(({ latestMs }) => latestMs >= FORMAT_BORN_MS)?.latestMs;
    const old = datedMs !== undefined && now.wallMs - datedMs > policy.keepDays * DAY_MS;
    const over = now.quotaBytes !== null && usedBytes > now.quotaBytes;
    if (!old && !over) break;
    drops.push({ segment, reason: old ? 'age' : 'quota' });
    usedBytes -= segment.sizeBytes;
  }
  return drops;
}

/** The sealed segments among these, oldest first. */
export async function readExtents(segments: readonly SegmentFile[], files: Files): Promise<SegmentExtent[]> {
  const extents: SegmentExtent[] = [];
  for (const segment of segments) {
    const file = await files.open(segment.path, 'read');
    try {
      const found = await readSegmentFooter(file);
      if (found === null) break;
      const { nextSeq, lastWallMs } = found.footer;
      extents.push({ ...segment, nextSeq, latestMs: lastWallMs, sizeBytes: await file.sizeBytes() });
    } finally {
      await file.close();
    }
  }
  return extents;
}
