import type { ChannelTable } from './context.ts';
import type { BatchBlock, BatchBody, Entry } from './entry-types.ts';

/** When a block of a batch was polled. */
export interface PollSpan {
  device: string;
  firstChannel: number;
  firstMonoMs: number;
  lastMonoMs: number;
  polls: number;
}

export function pollSpans(entry: Entry, body: BatchBody, channels: ChannelTable): PollSpan[] {
  const toMono = entry.prefix.monoMs - entry.prefix.wallMs + body.baseWallMs;
  return body.blocks.map(({ channels: ids, offsetsMs }: BatchBlock) => ({
    device: channels.get(ids[0]!)?.device ?? '',
    firstChannel: ids[0]!,
    // not by spreading: a hostile block may have a million polls, more than a call takes arguments
    firstMonoMs: toMono + offsetsMs.reduce((a, b) => Math.min(a, b)),
    lastMonoMs: toMono + offsetsMs.reduce((a, b) => Math.max(a, b)),
    polls: offsetsMs.length,
  }));
}
