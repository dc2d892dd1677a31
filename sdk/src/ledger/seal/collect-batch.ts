import type { Mantissa, Raw, Reading } from '../../core/reading.ts';
import type { BatchBlock, BatchBody } from './entry-types.ts';

/** Readings of one moment, as a device gives them; always in the order of its channels. */
export interface ReadingGroup {
  wallMs: number;
  monoMs: number;
  readings: readonly Reading[];
}

interface OpenBlock {
  channels: number[];
  offsetsMs: number[];
  raw: Raw[][];
  values: Mantissa[][];
  qualities: number[][];
}

/**
 * The body of one batch: groups that have the same channels share a block. Times are offsets from the first group by
 * the monotonic clock, so a step of the wall clock in the middle tears nothing. `seed` salts the leaves; empty when no
 * reading is ever withheld.
 */
export function collectBatch(groups: readonly ReadingGroup[], seed: Uint8Array): BatchBody {
  const first = groups.reduce((a, b) => (b.monoMs < a.monoMs ? b : a), groups[0] ?? { wallMs: 0, monoMs: 0 });
  const blocks = new Map<string, OpenBlock>();
  for (const group of groups) {
    if (group.readings.length === 0) continue;
    const block = blockFor(blocks, group.readings);
    block.offsetsMs.push(Math.round(group.monoMs - first.monoMs));
    group.readings.forEach(({ raw, value, quality }, column) => {
      block.raw[column]?.push(raw);
      block.values[column]?.push(value);
      block.qualities[column]?.push(quality);
    });
  }
  return { seed, baseWallMs: first.wallMs, blocks: [...blocks.values()].map(closeBlock) };
}

function blockFor(blocks: Map<string, OpenBlock>, readings: readonly Reading[]): OpenBlock {
  const channels = readings.map(({ channel }) => channel.id);
  const key = channels.join();
  const known = blocks.get(key);
  if (known !== undefined) return known;
  const columns = (): never[][] => channels.map(() => []);
  const block: OpenBlock = { channels, offsetsMs: [], raw: columns(), values: columns(), qualities: columns() };
  blocks.set(key, block);
  return block;
}

function closeBlock({ channels, offsetsMs, raw, values, qualities }: OpenBlock): BatchBlock {
  const columns = channels.map((_, column) => ({
    raw: raw[column] ?? [],
    value: values[column] ?? null,
    quality: alike(qualities[column] ?? []),
  }));
  return { channels, offsetsMs, columns };
}

function alike(qualities: number[]): number | number[] {
  const [first = 0] = qualities;
  return qualities.every((quality) => quality === first) ? first : qualities;
}
