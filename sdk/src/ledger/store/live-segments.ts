import type { RightEdge } from '../seal/merkle.ts';
import { type Files, faultCode } from './files.ts';
import { Growth } from './growth.ts';
import type { SegmentSource } from './ledger-view.ts';
import { writeRefused } from './lock.ts';
import { listSegments, type SegmentFile } from './segment-files.ts';
import type { SegmentLog } from './segment-log.ts';

/** The segments of a folder that this process writes, as its own readers may see them: only what is durable. */
export class LiveSegments implements SegmentSource {
  readonly ledger: Uint8Array;
  readonly #dir: string;
  readonly #files: Files;
  readonly #log: SegmentLog;
  readonly #growth = new Growth();
  #segments: SegmentFile[];
  /** of all but the one whose path follows, which the log measures */
  #sealedBytes: number;
  #writtenPath: string | undefined;
  #edge: RightEdge;

  static async measure(dir: string, files: Files, log: SegmentLog, of: { ledger: Uint8Array; edge: RightEdge }) {
    const { segments } = await listSegments(dir, files);
    let sealedBytes = 0;
    for (const { path } of segments) {
      if (path !== log.active?.path) sealedBytes += (await files.stat(path))?.sizeBytes ?? 0;
    }
    return new LiveSegments({ dir, files, log, segments, sealedBytes, ...of });
  }

  private constructor(parts: {
    dir: string;
    files: Files;
    log: SegmentLog;
    ledger: Uint8Array;
    segments: SegmentFile[];
    sealedBytes: number;
    edge: RightEdge;
  }) {
    this.#dir = parts.dir;
    this.#files = parts.files;
    this.#log = parts.log;
    this.ledger = parts.ledger;
    this.#segments = parts.segments;
    this.#sealedBytes = parts.sealedBytes;
    this.#writtenPath = parts.log.active?.path;
    this.#edge = parts.edge;
  }

  segments(): readonly SegmentFile[] {
    return this.#segments;
  }

  size(): number {
    return this.#edge.size;
  }

  root(): Uint8Array {
    return this.#edge.root();
  }

  usedBytes(): number {
    const { active } = this.#log;
    // sealed, and the next one is not there yet
    if (active === null && this.#writtenPath !== undefined) return this.#sealedBytes + this.#log.lastSealedBytes();
    return this.#sealedBytes + (active?.endBytes ?? 0);
  }

  activeExtent(segment: SegmentFile): { endBytes: number; offsets: readonly number[] } | null {
    const { active } = this.#log;
    return active?.path === segment.path ? active : null;
  }

  grown(size: number, signal: AbortSignal | undefined): Promise<boolean> {
    return this.#growth.beyond(size, () => this.size(), signal);
  }

  /** A group is on the disk. */
  advance(edge: RightEdge): void {
    this.#edge = edge;
    const { active } = this.#log;
    if (active !== null && this.#writtenPath !== active.path) {
      if (this.#writtenPath !== undefined) this.#sealedBytes += this.#log.lastSealedBytes();
      this.#writtenPath = active.path;
      const name = active.path.slice(active.path.lastIndexOf('/') + 1);
      this.#segments = [...this.#segments, { name, path: active.path, firstSeq: active.firstSeq }];
    }
    this.#growth.notify();
  }

  /** A file that cannot be removed stays in sight: forgotten, it would be a hole before the next one that goes. */
  async drop(segment: SegmentFile & { sizeBytes: number }): Promise<void> {
    try {
      await this.#files.unlink(segment.path);
    } catch (fault) {
      if (faultCode(fault) !== 'ENOENT') throw writeRefused(this.#dir, fault);
    }
    this.#segments = this.#segments.filter(({ path }) => path !== segment.path);
    this.#sealedBytes -= segment.sizeBytes;
    await this.#files.syncDirectory(this.#dir).catch((fault: unknown) => {
      throw writeRefused(this.#dir, fault);
    });
  }

  /** Followers end. */
  close(): void {
    this.#growth.close();
  }
}
