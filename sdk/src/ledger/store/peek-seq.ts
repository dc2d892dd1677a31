import { isLimpidError } from '../../core/error.ts';
import { peekEntry } from '../seal/entry.ts';

/** The sequence that an entry claims, signature unseen; null when the bytes are no entry. */
export function peekSeq(entryBytes: Uint8Array): number | null {
  try {
    return peekEntry(entryBytes).entry.prefix.seq;
  } catch (fault) {
    if (isLimpidError(fault)) return null;
    throw fault;
  }
}
