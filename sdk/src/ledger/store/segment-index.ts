import { FOOTER_LIMIT_BYTES, findSegmentFooter, type SegmentFooter } from '../seal/segment.ts';
import { type OpenFile, readFully } from './files.ts';
import { peekSeq } from './peek-seq.ts';
import type { SegmentFile } from './segment-files.ts';
import { type FoundHeader, findLaterItems, type LaterItem, SegmentScanner } from './segment-scan.ts';

/** Where the entries of one segment lie. */
export interface SegmentIndex {
  /** file offset by sequence − first sequence; missing where the bytes are damaged */
  offsets: (number | undefined)[];
  damage: { offset: number; seq: number; detail: string }[];
  /** behind the last whole item */
  endBytes: number;
}

/** Walks the items without decoding entries; behind damage it goes on with the next whole item. */
export async function indexSegment(
  file: OpenFile,
  segment: SegmentFile,
  header: FoundHeader,
  limit: number,
): Promise<SegmentIndex> {
  const index: SegmentIndex = { offsets: [], damage: [], endBytes: header.end };
  const scanner = new SegmentScanner(file, header.end, limit);
  for (;;) {
    const step = await scanner.next();
    if (step.kind === 'item') {
      index.offsets.push(step.offset);
      index.endBytes = step.end;
      continue;
    }
    if (step.kind === 'footer') return index;
    const later = await findLaterItems(file, step.offset + 1, limit);
    const sealed = await readSegmentFooter(file);
    if (sealed !== null) {
      const detail = 'its checksum or its form is broken';
      addBehindDamage(index, segment, later, detail);
      const next = segment.firstSeq + index.offsets.length;
      if (next < sealed.footer.nextSeq) index.damage.push({ offset: index.endBytes, seq: next, detail });
      return index;
    }
    // the flush that was under way is not part of the ledger; anything whole behind it makes it damage
    if (later.some((item) => item.groupStart > step.offset)) {
      addBehindDamage(index, segment, later, step.kind === 'bad' ? step.detail : 'zeros stand where an item was');
    }
    return index;
  }
}

function addBehindDamage(index: SegmentIndex, segment: SegmentFile, later: readonly LaterItem[], detail: string): void {
  for (const { item, offset, end } of later) {
    const seq = peekSeq(item.entryBytes);
    const next = segment.firstSeq + index.offsets.length;
    if (seq === null || seq < next) continue;
    if (offset !== index.endBytes) index.damage.push({ offset: index.endBytes, seq: next, detail });
    index.offsets[seq - segment.firstSeq] = offset;
    index.endBytes = end;
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
