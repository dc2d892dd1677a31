/**
 * Appends to the segments of one folder. What holds at every moment, whatever fails:
 *  - bytes up to `endBytes` are on the disk and are never written again;
 *  - at most one group of items behind them is under way: one write, one `fdatasync`, then `endBytes` moves on;
 *  - behind that lie zeros, written ahead, so that a commit touches no metadata of the file;
 *  - a segment is sealed (footer, fsync of file and folder, mode 0400) before the next one is created, and the next
 *    one's header is on the disk before an item goes into it.
 */
import { faultText, LimpidError } from '../../core/error.ts';
import { stopped } from '../../core/lifecycle.ts';
import { encodeSegmentFooter, encodeSegmentHeader, type SegmentHeader } from '../seal/segment.ts';
import { type Files, faultCode, type OpenFile, writeFully } from './files.ts';
import { segmentName } from './segment-files.ts';

export interface SegmentLogOptions {
  /** a segment is sealed when the next group would make it larger */
  segmentBytes: number;
  /** how much is zero-filled at a time */
  growBytes: number;
}

export const DEFAULT_SEGMENT_BYTES = 4 * 1024 * 1024;
export const DEFAULT_GROW_BYTES = 256 * 1024;

/** Items that share one flush, encoded, with `back` counted from the first byte. */
export interface Group {
  firstSeq: number;
  bytes: Uint8Array;
  /** where each item begins in `bytes` */
  starts: readonly number[];
  /** earliest and latest wall time of its entries */
  earliestMs: number;
  latestMs: number;
  /** of a segment that would begin with this group */
  header: () => SegmentHeader;
}

export interface ActiveSegment {
  path: string;
  firstSeq: number;
  file: OpenFile;
  /** where the next item goes; everything before is on the disk */
  endBytes: number;
  /** how far the file reaches */
  capacityBytes: number;
  /** file offset of each item */
  offsets: number[];
  earliestMs: number;
  latestMs: number;
}

export class SegmentLog {
  readonly #dir: string;
  readonly #files: Files;
  readonly #options: SegmentLogOptions;
  #active: ActiveSegment | null;
  #zeros: Uint8Array;
  #lastSealedBytes = 0;
  /** why nothing may be written any more: a failed write, or the log is closed */
  #broken: LimpidError | null = null;

  constructor(dir: string, files: Files, options: SegmentLogOptions, active: ActiveSegment | null) {
    this.#dir = dir;
    this.#files = files;
    this.#options = options;
    this.#active = active;
    this.#zeros = new Uint8Array(options.growBytes);
  }

  get active(): ActiveSegment | null {
    return this.#active;
  }

  /** size of the segment that was sealed last, since it was opened; 0 before */
  lastSealedBytes(): number {
    return this.#lastSealedBytes;
  }

  /**
   * Makes the group durable. LEDGER_DISK_FULL: nothing of it is kept, the log goes on when there is space again.
   * LEDGER_WRITE_FAILED: what is on the disk is unknown until it is opened again; nothing may be written before.
   */
  async commit(group: Group): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    // without an await when there is room: the disk is at work before the caller goes on
    const active = this.#roomFor(group) ?? (await this.#makeRoom(group));
    try {
      this.#reserve(active, active.endBytes + group.bytes.length);
      writeFully(active.file, group.bytes, active.endBytes);
    } catch (fault) {
      await this.#takeBack(active, group, fault);
    }
    try {
      await active.file.datasync();
    } catch (fault) {
      // The kernel may have dropped the dirty pages and call the next flush good: never try again.
      throw this.#writeFailed(active.path, group.firstSeq, fault);
    }
    for (const start of group.starts) active.offsets.push(active.endBytes + start);
    active.endBytes += group.bytes.length;
    active.earliestMs = Math.min(active.earliestMs, group.earliestMs);
    active.latestMs = Math.max(active.latestMs, group.latestMs);
  }

  /** Seals what is written so that the next group begins a new segment. */
  async sealActive(nextSeq: number): Promise<void> {
    const active = this.#active;
    if (active === null || active.offsets.length === 0) return;
    try {
      await this.#writeFooter(active, nextSeq);
    } catch (fault) {
      await this.#takeBack(active, { firstSeq: nextSeq }, fault);
    }
    try {
      await this.#seal(active);
    } catch (fault) {
      throw this.#writeFailed(active.path, nextSeq, fault);
    }
    this.#active = null;
  }

  async close(): Promise<void> {
    this.#broken ??= stopped();
    const active = this.#active;
    this.#active = null;
    await active?.file.close();
  }

  /** The active segment when the group may go into it. */
  #roomFor(group: Group): ActiveSegment | null {
    const active = this.#active;
    if (active === null || active.offsets.length === 0) return active;
    return active.endBytes + group.bytes.length > this.#options.segmentBytes ? null : active;
  }

  async #makeRoom(group: Group): Promise<ActiveSegment> {
    await this.sealActive(group.firstSeq);
    this.#active ??= await this.#create(group);
    return this.#active;
  }

  async #writeFooter(active: ActiveSegment, nextSeq: number): Promise<void> {
    const { file, endBytes, earliestMs, latestMs } = active;
    await file.truncate(endBytes);
    active.capacityBytes = endBytes;
    const footer = { nextSeq, firstWallMs: earliestMs, lastWallMs: latestMs };
    const bytes = encodeSegmentFooter(footer);
    writeFully(file, bytes, endBytes);
    this.#lastSealedBytes = endBytes + bytes.length;
  }

  /** Whatever fails here, with whatever errno, leaves in doubt what is on the disk. */
  async #seal({ file, path }: ActiveSegment): Promise<void> {
    await this.#files.chmod(path, 0o400);
    await file.sync();
    await this.#files.syncDirectory(this.#dir);
    await file.close();
  }

  async #create(group: Group): Promise<ActiveSegment> {
    const path = `${this.#dir}/${segmentName(group.firstSeq)}`;
    const header = encodeSegmentHeader(group.header());
    try {
      const file = await this.#files.open(path, 'create', 0o600);
      const active: ActiveSegment = {
        ...{ path, firstSeq: group.firstSeq, file, endBytes: header.length, capacityBytes: 0, offsets: [] },
        ...{ earliestMs: Number.POSITIVE_INFINITY, latestMs: 0 },
      };
      await this.#beginSegment(active, header);
      return active;
    } catch (fault) {
      if (!isFull(fault)) throw this.#writeFailed(path, group.firstSeq, fault);
      throw new LimpidError('LEDGER_DISK_FULL', { dir: this.#dir, detail: faultText(fault) }, { cause: fault });
    }
  }

  async #beginSegment(active: ActiveSegment, header: Uint8Array): Promise<void> {
    try {
      this.#reserve(active, header.length);
      writeFully(active.file, header, 0);
      await active.file.sync();
      await this.#files.syncDirectory(this.#dir);
    } catch (fault) {
      // without it the next try would find the name taken
      await active.file.close();
      await this.#files.unlink(active.path);
      throw fault;
    }
  }

  /** Zero-fills ahead; a disk that takes less than a step is full only when it does not take what is needed now. */
  #reserve(active: ActiveSegment, neededBytes: number): void {
    while (active.capacityBytes < neededBytes) {
      const step = Math.max(neededBytes - active.capacityBytes, this.#stepOf(active));
      if (step > this.#zeros.length) this.#zeros = new Uint8Array(step);
      const count = active.file.writeAt(this.#zeros.subarray(0, step), active.capacityBytes);
      if (count === 0) throw Object.assign(new Error('ENOSPC: the write took no bytes'), { code: 'ENOSPC' });
      active.capacityBytes += count;
    }
  }

  #stepOf(active: ActiveSegment): number {
    return Math.min(this.#options.growBytes, Math.max(0, this.#options.segmentBytes - active.capacityBytes));
  }

  /** After a refused write: cuts what of it reached the file, so that the next group finds clean ground. */
  async #takeBack(active: ActiveSegment, group: { firstSeq: number }, fault: unknown): Promise<never> {
    if (!isFull(fault)) throw this.#writeFailed(active.path, group.firstSeq, fault);
    try {
      await active.file.truncate(active.endBytes);
      active.capacityBytes = active.endBytes;
    } catch (cause) {
      throw this.#writeFailed(active.path, group.firstSeq, cause);
    }
    throw new LimpidError('LEDGER_DISK_FULL', { dir: this.#dir, detail: faultText(fault) }, { cause: fault });
  }

  #writeFailed(file: string, firstSeq: number, cause: unknown): LimpidError {
    const params = { file, detail: faultText(cause), seq: firstSeq - 1 };
    this.#broken = new LimpidError('LEDGER_WRITE_FAILED', params, { cause });
    return this.#broken;
  }
}

function isFull(fault: unknown): boolean {
  const code = faultCode(fault);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
