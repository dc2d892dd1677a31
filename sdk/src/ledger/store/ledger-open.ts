import type { Clock } from '../../core/clock.ts';
import { faultText, LimpidError } from '../../core/error.ts';
import { equalBytes, toHex } from '../seal/bytes.ts';
import { EVENT_CODES } from '../seal/entry-types.ts';
import { RightEdge } from '../seal/merkle.ts';
import type { PublicKey, Signer, Suite } from '../seal/suite.ts';
import { EntrySealer, type Head, type SealedItem } from './entry-sealer.ts';
import { type Files, makeDirectory } from './files.ts';
import { openKeyFile } from './key-file.ts';
import type { OpeningReport } from './ledger.ts';
import { LiveSegments } from './live-segments.ts';
import { acquireLock, type LedgerLock, namingFolder, writeRefused } from './lock.ts';
import type { ProcessTable } from './process-table.ts';
import { type Recovered, recoverLedger } from './recovery.ts';
import { listSegments } from './segment-files.ts';
import { DEFAULT_GROW_BYTES, DEFAULT_SEGMENT_BYTES, SegmentLog } from './segment-log.ts';
import type { Tail } from './segment-replay.ts';

export interface LedgerDependencies {
  files: Files;
  clock: Clock;
  suite: Suite;
  processes: ProcessTable;
  random: (bytes: number) => Uint8Array;
  /** signs instead of the key file: a hardware key */
  signer?: Signer;
}

export interface LedgerOptions {
  /** default `<dataDir>/keys/ledger.pem`, created on first start */
  keyFile?: string;
  segmentBytes?: number;
  growBytes?: number;
  /** what the ledger may use: `bufferPressure` events at 50, 80 and 95 % of it */
  quotaBytes?: number;
  /** false: no salts, nothing can ever be withheld from a proof; default true */
  salted?: boolean;
}

export interface OpenedParts {
  dir: string;
  files: Files;
  clock: Clock;
  lock: LedgerLock;
  log: SegmentLog;
  sealer: EntrySealer;
  key: PublicKey;
  live: LiveSegments;
  quotaBytes: number | null;
  /** what is on the disk, before the entries that opening adds */
  head: Head;
  opening: SealedItem[];
  report: OpeningReport;
}

export async function openParts(
  dataDir: string,
  deps: LedgerDependencies,
  options: LedgerOptions,
): Promise<OpenedParts> {
  const dir = `${dataDir}/ledger`;
  await makeDirectory(deps.files, dir).catch((fault: unknown) => {
    throw writeRefused(dir, fault);
  });
  const lock = await acquireLock(dir, deps.files, deps.processes).catch((fault: unknown) => {
    throw namingFolder(dir, fault);
  });
  try {
    return await openLocked({ dataDir, dir, lock, deps, options });
  } catch (fault) {
    await lock.release().catch(() => undefined); // the fault before says more
    throw namingFolder(dir, fault);
  }
}

interface Opening {
  dataDir: string;
  dir: string;
  lock: LedgerLock;
  deps: LedgerDependencies;
  options: LedgerOptions;
}

async function openLocked(opening: Opening): Promise<OpenedParts> {
  const { dir, lock, deps, options } = opening;
  const { files, clock, suite, random } = deps;
  const { signer, keyFile } = await findSigner(opening);
  const recovered = await recoverLedger(dir, files, suite);
  try {
    if (recovered.tail !== null) assertSameKey(recovered.tail, signer.publicKey, dir, keyFile);
    const sealer = new EntrySealer({ suite, signer, clock, random, salted: options.salted ?? true });
    const log = await openLog(dir, recovered, opening);
    const { head, sealed } = openingEntries(sealer, recovered, deps);
    const ledger = sealed.at(-1)?.after.ledger ?? head.ledger;
    return {
      ...{ dir, files, clock, lock, log, sealer, head, opening: sealed, key: signer.publicKey },
      live: await LiveSegments.measure(dir, files, log, { ledger, edge: head.edge }),
      quotaBytes: options.quotaBytes ?? null,
      report: reportOf(recovered, head),
    };
  } catch (fault) {
    await recovered.active?.file.close();
    throw fault;
  }
}

/** A key is made only for a ledger that does not exist yet: a lost key must not be replaced unnoticed. */
async function findSigner({ dataDir, dir, deps, options }: Opening): Promise<{ signer: Signer; keyFile: string }> {
  if (deps.signer !== undefined) return { signer: deps.signer, keyFile: 'the given key' };
  const keyFile = options.keyFile ?? `${dataDir}/keys/ledger.pem`;
  const { segments } = await listSegments(dir, deps.files);
  return { keyFile, signer: await openKeyFile(keyFile, deps.files, { create: segments.length === 0 }) };
}

function assertSameKey(tail: Tail, key: PublicKey, dir: string, keyFile: string): void {
  if (equalBytes(tail.key.keyId, key.keyId)) return;
  const params = { dir, keyFile, ledgerKey: toHex(tail.key.keyId), key: toHex(key.keyId) };
  throw new LimpidError('LEDGER_OTHER_KEY', params);
}

async function openLog(dir: string, recovered: Recovered, { deps, options }: Opening): Promise<SegmentLog> {
  const { segmentBytes = DEFAULT_SEGMENT_BYTES, growBytes = DEFAULT_GROW_BYTES } = options;
  const log = new SegmentLog(dir, deps.files, { segmentBytes, growBytes }, recovered.active);
  // Damage stays where it is, in a sealed segment; the next start need not judge it again.
  if (recovered.damage.length > 0 && recovered.tail !== null) await log.sealActive(recovered.tail.edge.size);
  return log;
}

/** Entry 0 and the first boot event, or the boot event that says what the run before left. */
function openingEntries(sealer: EntrySealer, recovered: Recovered, deps: LedgerDependencies) {
  const { suite, clock } = deps;
  const { tail } = recovered;
  if (tail === null) {
    const key = sealer.sealKey(new RightEdge(suite));
    const boot = sealer.sealEvent(key.after, 'boot', bootDetail(recovered, clock));
    const head: Head = { ...key.after, edge: new RightEdge(suite) };
    return { head, sealed: [key, boot] };
  }
  const head: Head = {
    ledger: ledgerOf(tail),
    coseKey: tail.key.coseKey,
    edge: tail.edge,
    context: tail.context,
    start: tail.entry.prefix.start + 1,
    clocks: null,
  };
  const sealed = [sealer.sealEvent(head, 'boot', bootDetail(recovered, clock))];
  const suspicious = recovered.cuts.filter((cut) => !cut.plain);
  for (const { file, offset, seq, detail } of [...suspicious, ...recovered.damage]) {
    const name = file.slice(file.lastIndexOf('/') + 1);
    const last = sealed.at(-1)?.after ?? head;
    sealed.push(sealer.sealEvent(last, 'storageRepair', { file: name, offset, seq, detail: faultText(detail) }));
  }
  return { head, sealed };
}

/** Entry 0 carries zeros in place of the id that is its own hash; the header knows it. */
function ledgerOf(tail: Tail): Uint8Array {
  return tail.header.ledger;
}

function bootDetail({ tail, cuts }: Recovered, clock: Clock) {
  const before = tail?.entry.prefix;
  return {
    osBoot: clock.osBootId(),
    cutBytes: cuts.reduce((sum, cut) => sum + cut.sizeBytes, 0),
    previousSeq: before?.seq ?? null,
    previousWallMs: before?.wallMs ?? null,
    previousMonoMs: before?.monoMs ?? null,
    clean: tail === null || isStop(tail),
  };
}

function isStop(tail: Tail): boolean {
  return tail.entry.kind === 'event' && tail.entry.code === EVENT_CODES.stop;
}

function reportOf(recovered: Recovered, head: Head): OpeningReport {
  const { cuts, damage, tail } = recovered;
  const cutBytes = cuts.reduce((sum, cut) => sum + cut.sizeBytes, 0);
  return { created: tail === null, start: head.start, cutBytes, cuts, damage };
}
