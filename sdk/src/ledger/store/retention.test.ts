import { describe, expect, it } from 'vitest';
import { planDrops, type SegmentExtent } from './retention.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2027, 5, 1);

/** Segments of ten entries and a thousand bytes, this many days old. */
function segments(...agesDays: number[]): SegmentExtent[] {
  return agesDays.map((days, at) => ({
    ...{ name: `${at}`, path: `/${at}`, firstSeq: 10 * at, nextSeq: 10 * at + 10, sizeBytes: 1000 },
    latestMs: NOW_MS - days * DAY_MS,
  }));
}

const plan = (
  sealed: SegmentExtent[],
  policy: { keepDays?: number; receiptedSize?: number | null },
  now: { usedBytes?: number; quotaBytes?: number | null } = {},
) =>
  planDrops(
    sealed,
    { keepDays: 30, receiptedSize: null, ...policy },
    { wallMs: NOW_MS, usedBytes: 0, quotaBytes: null, ...now },
  ).map(({ segment, reason }) => `${segment.name} ${reason}`);

describe('planDrops', () => {
  it('lets go what is older than the policy, oldest first', () => {
    expect(plan(segments(50, 40, 30, 20), {})).toEqual(['0 age', '1 age']);
    expect(plan([], {})).toEqual([]);
  });

  it('leaves no hole: an old segment behind a young one stays', () => {
    expect(plan(segments(50, 10, 50), {})).toEqual(['0 age']);
  });

  it('lets nothing go that a required receipt does not cover to its last entry', () => {
    expect(plan(segments(50, 50, 50), { receiptedSize: 0 })).toEqual([]);
    expect(plan(segments(50, 50, 50), { receiptedSize: 19 })).toEqual(['0 age']);
    expect(plan(segments(50, 50, 50), { receiptedSize: 20 })).toEqual(['0 age', '1 age']);
    expect(plan(segments(50, 50), { receiptedSize: 0 }, { usedBytes: 9000, quotaBytes: 1000 })).toEqual([]);
  });

  it('lets the oldest go before their time until the quota is kept', () => {
    expect(plan(segments(3, 2, 1), {}, { usedBytes: 3500, quotaBytes: 2000 })).toEqual(['0 quota', '1 quota']);
    expect(plan(segments(50, 2, 1), {}, { usedBytes: 3500, quotaBytes: 2000 })).toEqual(['0 age', '1 quota']);
    expect(plan(segments(3, 2, 1), {}, { usedBytes: 2000, quotaBytes: 2000 })).toEqual([]);
  });

  it('does not take a clock that nobody had set for age', () => {
    const unset = NOW_MS / DAY_MS; // 1970
    expect(plan(segments(unset, unset), {})).toEqual([]);
    expect(plan(segments(unset, unset, 2), {})).toEqual([]);
    expect(plan(segments(unset, unset, 40, 2), {})).toEqual(['0 age', '1 age', '2 age']);
    expect(plan(segments(40, unset, 2), {})).toEqual(['0 age']);
  });

  it('keeps everything while the clock itself is not set', () => {
    const sealed = segments(0, 0);
    expect(
      planDrops(sealed, { keepDays: 0, receiptedSize: null }, { wallMs: 0, usedBytes: 0, quotaBytes: null }),
    ).toEqual([]);
  });
});
