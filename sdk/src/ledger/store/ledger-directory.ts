import { isLimpidError, LimpidError } from '../../core/error.ts';
import { entryLeafHash } from '../seal/entry.ts';
import { RightEdge } from '../seal/merkle.ts';
import type { Suite } from '../seal/suite.ts';
import type { Files, OpenFile } from './files.ts';
import { LedgerView, type SegmentSource } from './ledger-view.ts';
import { listSegments, type SegmentFile } from './segment-files.ts';
import { indexSegment } from './segment-index.ts';
import { type FoundHeader, findLaterItems, readSegmentHeader, SegmentScanner } from './segment-scan.ts';

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
      size: () => end.size,
      root: end.root,
      activeExtent: (segment) => (segment.path === last.path ? end : null),
      grown: () => Promise.resolve(false),
    };
  }
  throw new LimpidError('LEDGER_ABSENT', { dir });
}

interface SegmentEnd {
  ledger: Uint8Array;
  size: number;
  root: () => Uint8Array;
  endBytes: number;
  offsets: (number | undefined)[];
}

/** Up to the last whole item; null when the segment is only being created. */
async function endOf(segment: SegmentFile, files: Files, suite: Suite): Promise<SegmentEnd | null> {
  const file = await files.open(segment.path, 'read');
  try {
    const limit = await file.sizeBytes();
    const found = await readHeaderOrNone(segment, file, limit);
    if (found === null) return null;
    const { header } = found;
    const index = await indexSegment(file, segment, found, limit);
    if (index.offsets.length === 0 && segment.firstSeq === 0) return null;
    const edge = RightEdge.restore(suite, header.firstSeq, header.edge);
    if (index.damage.length === 0) await foldItems(edge, file, found.end, { suite, endBytes: index.endBytes });
    const [damage] = index.damage;
    const root = () => {
      if (damage === undefined) return edge.root();
      throw new LimpidError('LEDGER_DAMAGED', { file: segment.path, ...damage });
    };
    return { ...index, ledger: header.ledger, size: header.firstSeq + index.offsets.length, root };
  } finally {
    await file.close();
  }
}

async function foldItems(edge: RightEdge, file: OpenFile, from: number, to: { suite: Suite; endBytes: number }) {
  const scanner = new SegmentScanner(file, from, to.endBytes);
  for (let step = await scanner.next(); step.kind === 'item'; step = await scanner.next()) {
    edge.append(entryLeafHash(to.suite, step.item.entryBytes));
  }
}

async function readHeaderOrNone(segment: SegmentFile, file: OpenFile, limit: number): Promise<FoundHeader | null> {
  try {
    return await readSegmentHeader(file);
  } catch (fault) {
    if (!isLimpidError(fault)) throw fault;
    if ((await findLaterItems(file, 0, limit)).length === 0) return null;
    const place = { file: segment.path, offset: 0, seq: segment.firstSeq };
    throw new LimpidError('LEDGER_DAMAGED', { ...place, detail: fault.message }, { cause: fault });
  }
}
