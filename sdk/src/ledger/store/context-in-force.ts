import { type ChannelTable, channelTableOf, resolveContext } from '../seal/context.ts';
import { entryLeafHash } from '../seal/entry.ts';
import type { Entry } from '../seal/entry-types.ts';
import type { SegmentContext } from '../seal/segment.ts';
import type { Suite } from '../seal/suite.ts';

/** The context that entries refer to: what the reader of a segment knows from its header and the entries since. */
export interface ContextInForce {
  /** leaf hash of its entry: the `ctx` of the entries that follow */
  leaf: Uint8Array;
  entryBytes: Uint8Array;
  parts: Uint8Array[];
  channels: ChannelTable;
}

export function contextOfHeader(suite: Suite, context: SegmentContext | null): ContextInForce | null {
  return context === null ? null : contextOf(suite, context.entryBytes, context.parts);
}

/** null when the bytes of a part are nowhere: the context before was lost or another was put in its place. */
export function contextAfter(
  suite: Suite,
  before: ContextInForce | null,
  written: { entry: Extract<Entry, { kind: 'context' }>; entryBytes: Uint8Array; body: Uint8Array | null },
): ContextInForce | null {
  const found = resolveContext(suite, written.entry.parts, written.body, before?.parts ?? []);
  const parts = found.filter((part) => part !== null);
  return parts.length < found.length ? null : contextOf(suite, written.entryBytes, parts);
}

function contextOf(suite: Suite, entryBytes: Uint8Array, parts: Uint8Array[]): ContextInForce {
  return { leaf: entryLeafHash(suite, entryBytes), entryBytes, parts, channels: channelTableOf(parts) };
}
