/**
 * A segment's header is not signed. What it repeats of the ledger is held against what is signed: the entries that
 * follow, the key, the tree. A reader that trusts a header alone must be able to rely on a verified ledger.
 */
import { isLimpidError } from '../../core/error.ts';
import { equalBytes } from './bytes.ts';
import { type ChannelTable, channelTableOf, contextPartHash } from './context.ts';
import { entryLeafHash, peekEntry } from './entry.ts';
import { HASH_BYTES, RightEdge } from './merkle.ts';
import type { SegmentHeader } from './segment.ts';
import type { PublicKey, Suite } from './suite.ts';

export interface HeaderContext {
  /** leaf hash of the context entry */
  hash: Uint8Array;
  parts: Uint8Array[];
  channels: ChannelTable;
}

const NO_CONTEXT = new Uint8Array(HASH_BYTES);

/** The context that a header repeats; null where there is none or it is not exactly what its entry lists. */
export function openHeaderContext(suite: Suite, { context }: SegmentHeader): HeaderContext | null {
  if (context === null) return null;
  try {
    const { entry } = peekEntry(context.entryBytes);
    if (entry.kind !== 'context' || entry.parts.length !== context.parts.length) return null;
    if (!entry.parts.every((hash, at) => equalBytes(hash, contextPartHash(suite, context.parts[at]!)))) return null;
    const hash = entryLeafHash(suite, context.entryBytes);
    return { hash, parts: context.parts, channels: channelTableOf(context.parts) };
  } catch (fault) {
    if (isLimpidError(fault)) return null;
    throw fault;
  }
}

/** null when there are more or fewer hashes than the size asks for */
export function edgeOfHeader(suite: Suite, header: SegmentHeader): RightEdge | null {
  try {
    return RightEdge.restore(suite, header.firstSeq, header.edge);
  } catch (fault) {
    if (fault instanceof RangeError) return null;
    throw fault;
  }
}

export interface SignedWord {
  ledger: Uint8Array;
  /** null: signatures could not be checked */
  key: PublicKey | null;
  /** what the first entry behind the header names; null when that one is missing */
  ctx: Uint8Array | null;
}

/** In words, how a header differs from what is signed. */
export function headerFaults(suite: Suite, header: SegmentHeader, signed: SignedWord): string[] {
  const faults: string[] = [];
  if (!equalBytes(header.ledger, signed.ledger)) faults.push('its header names another ledger');
  if (signed.key === null) faults.push('its header names a key that nothing can be checked with');
  else if (!equalBytes(header.coseKey, signed.key.coseKey)) faults.push('its header names another key');
  if (signed.ctx === null) return faults;
  const context = openHeaderContext(suite, header);
  const hash = header.context === null ? NO_CONTEXT : context?.hash;
  if (hash === undefined) faults.push('the context in its header is not whole');
  else if (!equalBytes(hash, signed.ctx)) faults.push('its header repeats another context than the one in force');
  return faults;
}
