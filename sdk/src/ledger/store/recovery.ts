/**
 * Opens what an earlier run left, for writing. Only the last segment is read; those before it are sealed and were
 * durable before it was created.
 *
 * At the first place where no item follows:
 *  - zeros to the end, the end of the file, or a footer: all is well;
 *  - otherwise something is broken there. Only one flush is ever under way, so if a whole item of a later flush lies
 *    behind it, the broken bytes had been acknowledged: damage. If none does, it is the flush that a crash interrupted;
 *    nobody was told of it and it is cut.
 * Damage is never cut and never skipped. Where the entry itself still verifies (its body is what broke), the tree is
 * known and writing goes on in a new segment; otherwise the ledger cannot be continued and says so.
 *
 * What is kept is then written again and synced. After a failed flush the page cache still shows bytes that are not on
 * the disk and count as clean: no later flush would write them, and what is built on them would hang in the air. The
 * same holds for a footer, whose segment may also not have been shortened to it yet.
 */
import { isLimpidError, LimpidError } from '../../core/error.ts';
import { HEADER_MAGIC, type SegmentHeader } from '../seal/segment.ts';
import type { Suite } from '../seal/suite.ts';
import { type Files, type OpenFile, readFully, replaceFile, writeFully } from './files.ts';
import { listSegments, type SegmentFile } from './segment-files.ts';
import type { ActiveSegment } from './segment-log.ts';
import { SegmentReplay, type Tail } from './segment-replay.ts';
import { type BadStep, findLaterItems, readSegmentHeader, SegmentScanner, zerosInTheWay } from './segment-scan.ts';
import { describeRest, type Rest, SECTOR_BYTES } from './torn-tail.ts';

/** A broken place, named. */
export interface BrokenPlace {
  file: string;
  offset: number;
  seq: number;
  detail: string;
}

export interface Cut extends BrokenPlace {
  sizeBytes: number;
  /** a plain tear leaves missing bytes or whole sectors of zeros; anything else is kept aside and reported */
  plain: boolean;
}

export interface Recovered {
  /** null when there is no ledger yet */
  tail: Tail | null;
  /** null: the next group begins a new segment */
  active: ActiveSegment | null;
  /** bytes of interrupted flushes that were cut */
  cuts: Cut[];
  /** damage that was passed over because its entry verifies */
  damage: BrokenPlace[];
}

export async function recoverLedger(dir: string, files: Files, suite: Suite): Promise<Recovered> {
  const cuts: Cut[] = [];
  const { segments } = await listSegments(dir, files);
  for (;;) {
    const segment = segments.pop();
    if (segment === undefined) return { tail: null, active: null, cuts, damage: [] };
    const recovered = await recoverSegment({ dir, files, suite, segment });
    if (recovered.cut !== null) cuts.push(recovered.cut);
    if (recovered.tail !== null) return { ...recovered, tail: recovered.tail, cuts };
    // Nothing was ever acknowledged from it: the segment before, if any, is sealed and is the last.
    if (recovered.cut?.offset === 0) await files.rename(segment.path, `${dir}/${cutName(recovered.cut)}`);
    else await files.unlink(segment.path);
    await files.syncDirectory(dir);
  }
}

interface SegmentRecovery {
  tail: Tail | null;
  active: ActiveSegment | null;
  cut: Cut | null;
  damage: BrokenPlace[];
}

interface Place {
  dir: string;
  files: Files;
  suite: Suite;
  segment: SegmentFile;
}

async function recoverSegment(place: Place): Promise<SegmentRecovery> {
  const { files, segment } = place;
  const stat = await files.stat(segment.path);
  // a crash between the change of mode and the footer's flush
  if (stat !== null && (stat.permissions & 0o200) === 0) await files.chmod(segment.path, 0o600);
  const file = await files.open(segment.path, 'write');
  let [keep, sealed] = [false, false];
  try {
    const found = await readHeaderOrNone(place, file);
    if (found === null) return { tail: null, active: null, cut: await headerCut(place, file), damage: [] };
    const { kept, ...recovery } = await walk(place, file, found);
    if (recovery.tail !== null) await writeAgain(place, file, kept);
    sealed = kept.sealed;
    keep = recovery.active !== null && recovery.tail !== null;
    return recovery;
  } finally {
    if (!keep) await file.close();
    if (!keep && !sealed && stat !== null) await files.chmod(segment.path, stat.permissions);
  }
}

/** The last flush and, of a sealed segment, the footer: all that may be in the page cache only. */
interface Kept {
  from: number;
  end: number;
  sealed: boolean;
}

async function writeAgain({ dir, files, segment }: Place, file: OpenFile, { from, end, sealed }: Kept): Promise<void> {
  const bytes = new Uint8Array(end - from);
  await readFully(file, bytes, from);
  if (sealed && (await file.sizeBytes()) > end) await file.truncate(end);
  writeFully(file, bytes, from);
  if (!sealed) return file.datasync();
  await files.chmod(segment.path, 0o400);
  await file.sync();
  await files.syncDirectory(dir);
}

/** null when the header is torn and nothing whole lies behind it: the segment's creation was interrupted. */
async function readHeaderOrNone(place: Place, file: OpenFile) {
  try {
    return await readSegmentHeader(file);
  } catch (fault) {
    if (!isLimpidError(fault)) throw fault;
    if ((await findLaterItems(file, 0, await file.sizeBytes())).length === 0) return null;
    throw damaged({ file: place.segment.path, offset: 0, seq: place.segment.firstSeq, detail: fault.message });
  }
}

/** A file that does not even begin like a segment was something else once: it is kept aside, not deleted. */
async function headerCut({ segment }: Place, file: OpenFile): Promise<Cut | null> {
  const { lastByte } = await describeRest(file, 0, await file.sizeBytes());
  const begin = new Uint8Array(SECTOR_BYTES);
  await readFully(file, begin, 0);
  const torn =
    begin.every((byte) => byte === 0) || new TextDecoder().decode(begin.subarray(2)).startsWith(HEADER_MAGIC);
  if (lastByte < HEADER_MAGIC.length || torn) return null;
  const { path, firstSeq: seq } = segment;
  return { file: path, offset: 0, seq, detail: 'it begins with no header', sizeBytes: lastByte, plain: false };
}

async function walk(
  place: Place,
  file: OpenFile,
  found: { header: SegmentHeader; end: number },
): Promise<SegmentRecovery & { kept: Kept }> {
  const { suite, segment } = place;
  const limit = await file.sizeBytes();
  const scanner = new SegmentScanner(file, found.end, limit);
  const replay = new SegmentReplay(suite, segment, found.header);
  const damage: BrokenPlace[] = [];
  let from = found.end;
  for (;;) {
    const step = await scanner.next();
    if (step.kind === 'item') {
      replay.add(step.item, step.offset);
      from = step.groupStart;
      continue;
    }
    if (step.kind === 'footer') {
      const kept = { from, end: step.end, sealed: true };
      return { tail: replay.finish(), active: null, cut: null, damage, kept };
    }
    const kept = { from, end: step.offset, sealed: false };
    const rest = await describeRest(file, step.offset, limit);
    if (step.kind === 'end' && rest.lastByte === 0) {
      return { tail: replay.finish(), active: activeOf(replay, file, step.offset, limit), cut: null, damage, kept };
    }
    const bad = step.kind === 'bad' ? step : zerosInTheWay(step.offset);
    const broken = { file: segment.path, offset: bad.offset, seq: replay.nextSeq, detail: bad.detail };
    if (await passOver({ bad, rest, file, limit, replay })) {
      damage.push(broken);
      scanner.skip(bad);
      continue;
    }
    const cut = await cutTail(place, file, { ...broken, sizeBytes: rest.lastByte - bad.offset, plain: rest.torn(bad) });
    return { tail: replay.finish(), active: activeOf(replay, file, bad.offset, bad.offset), cut, damage, kept };
  }
}

/** Whether the broken item is damage whose entry still verifies. Throws LEDGER_DAMAGED when it is damage beyond that. */
async function passOver(found: {
  bad: BadStep;
  rest: Rest;
  file: OpenFile;
  limit: number;
  replay: SegmentReplay;
}): Promise<boolean> {
  const { bad, rest, file, limit, replay } = found;
  const later = await findLaterItems(file, bad.offset + 1, limit);
  const acknowledged = later.some((item) => item.groupStart > bad.offset);
  if (!acknowledged && rest.torn(bad)) return false;
  if (bad.framed !== null && replay.fits(bad.framed.item)) {
    replay.add(bad.framed.item, bad.offset);
    return true;
  }
  if (!acknowledged) return false;
  throw damaged({ file: replay.path, offset: bad.offset, seq: replay.nextSeq, detail: bad.detail });
}

/** Cut and synced before anything is appended. What is no plain tear is kept beside the segments for whoever asks. */
async function cutTail(place: Place, file: OpenFile, cut: Cut): Promise<Cut> {
  if (!cut.plain) {
    const bytes = new Uint8Array(cut.sizeBytes);
    await readFully(file, bytes, cut.offset);
    const path = `${place.dir}/${cutName(cut)}`;
    if ((await place.files.stat(path)) === null) await replaceFile(place.files, path, bytes, { permissions: 0o400 });
  }
  await file.truncate(cut.offset);
  await file.sync();
  return cut;
}

function activeOf(replay: SegmentReplay, file: OpenFile, endBytes: number, capacityBytes: number): ActiveSegment {
  const { path, firstSeq, offsets, earliestMs, latestMs } = replay;
  return { path, firstSeq, file, endBytes, capacityBytes, offsets, earliestMs, latestMs };
}

export function damaged(place: BrokenPlace, cause?: unknown): LimpidError {
  return new LimpidError('LEDGER_DAMAGED', { ...place }, cause === undefined ? {} : { cause });
}

const CUT_NAME = /^cut-\d+-at-\d+\.bin$/;

function cutName({ seq, offset }: Cut): string {
  return `cut-${seq}-at-${offset}.bin`;
}

export function isCutName(name: string): boolean {
  return CUT_NAME.test(name);
}
