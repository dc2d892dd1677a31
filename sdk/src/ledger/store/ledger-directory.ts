import { isLimpidError, LimpidError } from '../../core/error.ts';
import { entryLeafHash, openEntry, publicKeyFromCoseKey, RightEdge, type Suite } from '../seal/index.ts';
import type { Files } from './files.ts';
import { LedgerView, type SegmentSource } from './ledger-view.ts';
import { listSegments, type SegmentFile } from './segment-files.ts';
import { findLaterItems, readSegmentHeader, SegmentScanner } from './segment-scan.ts';

/** Where the segments lie: in the folder itself or, of a data directory, in `ledger`. LEDGER_ABSENT */
export async function findLedgerDirectory(dir: string, files: Files): Promise<string> {
  for (const candidate of [dir, `${dir}/ledger`]) {
    if ((await files.stat(candidate)) === null) continue;
    if ((await listSegments(candidate, files)).segments.length > 0) return candidate;
  }
  throw new LimpidError('LEDGER_ABSENT', { dir });
}

/**
 * A ledger or mirror as another process reads it: what was there when it was opened. Nothing is written or locked, and
 * a torn tail is not part of it yet.
 */
export async function openLedgerDirectory(dir: string, files: Files, suite: Suite): Promise<LedgerView> {
  const folder = await findLedgerDirectory(dir, files);
  const { segments } = await listSegments(folder, files);
  return new LedgerView(await snapshotOf(folder, segments, files, suite), files, suite);
}

async function snapshotOf(
  dir: string,
  segments: readonly SegmentFile[],
  files: Files,
  suite: Suite,
): Promise<SegmentSource> {
  const kept = [...segments];
  for (let last = kept.at(-1); last !== undefined; last = kept.at(-1)) {
    const end = await endOf(last, files, suite);
    if (end === null) {
      kept.pop(); // its creation is under way
      continue;
    }
    return {
      ledger: end.ledger,
      segments: () => kept,
      size: () => end.edge.size,
      root: () => end.edge.root(),
      activeExtent: (segment) => (segment.path === last.path ? end : null),
      grown: () => Promise.resolve(false),
    };
  }
  throw new LimpidError('LEDGER_ABSENT', { dir });
}

interface SegmentEnd {
  ledger: Uint8Array;
  edge: RightEdge;
  endBytes: number;
  offsets: number[];
}

/** Up to the last whole item; null when the segment holds none and is only being created. */
async function endOf(segment: SegmentFile, files: Files, suite: Suite): Promise<SegmentEnd | null> {
  const file = await files.open(segment.path, 'read');
  try {
    const limit = await file.sizeBytes();
    const found = await readSegmentHeader(file).catch((fault: unknown) => {
      if (isLimpidError(fault)) return fault;
      throw fault;
    });
    if (found instanceof LimpidError) {
      if ((await findLaterItems(file, 0, limit)).length === 0) return null;
      const place = { file: segment.path, offset: 0, seq: segment.firstSeq };
      throw new LimpidError('LEDGER_DAMAGED', { ...place, detail: found.message }, { cause: found });
    }
    const { header } = found;
    const edge = RightEdge.restore(suite, header.firstSeq, header.edge);
    const key = publicKeyFromCoseKey(suite, header.coseKey);
    const scanner = new SegmentScanner(file, found.end, limit);
    const offsets: number[] = [];
    let endBytes = found.end;
    for (let step = await scanner.next(); step.kind === 'item' || step.kind === 'bad'; step = await scanner.next()) {
      const item = step.kind === 'item' ? step.item : step.framed?.item;
      // a damaged body hides one batch, not what lies behind it
      if (item === undefined || (step.kind === 'bad' && openEntry(suite, item.entryBytes, key) === null)) break;
      if (step.kind === 'bad') scanner.skip(step);
      edge.append(entryLeafHash(suite, item.entryBytes));
      offsets.push(step.offset);
      endBytes = scanner.offset;
    }
    return offsets.length === 0 && segment.firstSeq === 0 ? null : { ledger: header.ledger, edge, endBytes, offsets };
  } finally {
    await file.close();
  }
}
