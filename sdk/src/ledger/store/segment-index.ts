import { isLimpidError } from '../../core/error.ts';
import { FOOTER_LIMIT_BYTES, findSegmentFooter, peekEntry, type SegmentFooter } from '../seal/index.ts';
import { type OpenFile, readFully } from './files.ts';
import type { SegmentFile } from './segment-files.ts';
import { type FoundHeader, findLaterItems, SegmentScanner } from './segment-scan.ts';

/** Where the entries of one segment lie. */
export interface SegmentIndex {
  /** file offset by sequence − first sequence; missing where the bytes are damaged */
  offsets: readonly (number | undefined)[];
  damage: readonly { offset: number; seq: number; detail: string }[];
}

/** Walks the items without decoding entries; behind damage it goes on with the next whole item. */
export async function indexSegment(
  file: OpenFile,
  segment: SegmentFile,
  header: FoundHeader,
  limit: number,
): Promise<SegmentIndex> {
  const offsets: (number | undefined)[] = [];
  const damage: { offset: number; seq: number; detail: string }[] = [];
  const scanner = new SegmentScanner(file, header.end, limit);
  for (let step = await scanner.next(); step.kind !== 'end' && step.kind !== 'footer'; step = await scanner.next()) {
    if (step.kind === 'item') {
      offsets.push(step.offset);
      continue;
    }
    damage.push({ offset: step.offset, seq: segment.firstSeq + offsets.length, detail: step.detail });
    for (const item of await findLaterItems(file, step.offset + 1, limit)) {
      const seq = seqOf(item.item.entryBytes);
      if (seq !== null && seq >= segment.firstSeq + offsets.length) offsets[seq - segment.firstSeq] = item.offset;
    }
    break;
  }
  return { offsets, damage };
}

function seqOf(entryBytes: Uint8Array): number | null {
  try {
    return peekEntry(entryBytes).entry.prefix.seq;
  } catch (fault) {
    if (isLimpidError(fault)) return null;
    throw fault;
  }
}

/** From the last bytes of the file; null while the segment is written. */
export async function readSegmentFooter(file: OpenFile): Promise<{ footer: SegmentFooter; offset: number } | null> {
  const sizeBytes = await file.sizeBytes();
  const from = Math.max(0, sizeBytes - FOOTER_LIMIT_BYTES);
  const buffer = new Uint8Array(sizeBytes - from);
  const found = findSegmentFooter(buffer.subarray(0, await readFully(file, buffer, from)));
  return found === null ? null : { footer: found.footer, offset: from + found.start };
}
