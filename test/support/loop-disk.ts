import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why power cannot be cut on this machine, or null when it can. */
export function whyNoLoopDisk(): string | null {
  if (process.getuid?.() !== 0) return 'only root may mount';
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices';
  const tools = ['mkfs.ext4', 'xfs_io', 'mount', 'umount'];
  const missing = tools.filter(
    (tool) => !['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((dir) => existsSync(`${dir}/${tool}`)),
  );
  return missing.length > 0 ? `${missing.join(', ')} is missing (apt install xfsprogs e2fsprogs)` : null;
}

/**
 * A small ext4 of its own on a loop device. `cutPower` shuts the file system down without flushing: what was not synced
 * is gone, as after a power cut on a disk that honours flushes.
 */
export class LoopDisk {
  readonly dir: string;
  readonly #work: string;
  #mounted = false;

  static async create(sizeMiB = 64): Promise<LoopDisk> {
    const work = await mkdtemp(join(tmpdir(), 'limpid-disk-'));
    const disk = new LoopDisk(work);
    await mkdir(disk.dir);
    await run('truncate', ['-s', `${sizeMiB}M`, disk.#image]);
    await run('mkfs.ext4', ['-q', '-F', disk.#image]);
    await disk.mount();
    return disk;
  }

  private constructor(work: string) {
    this.#work = work;
    this.dir = join(work, 'mnt');
  }

  get #image(): string {
    return join(this.#work, 'image');
  }

  async mount(): Promise<void> {
    await run('mount', ['-o', 'loop', this.#image, this.dir]);
    this.#mounted = true;
  }

  async cutPower(): Promise<void> {
    await run('xfs_io', ['-x', '-c', 'shutdown', this.dir]);
  }

  /** The kernel lets go of a dead process's files a moment after its end is reported: busy is asked again. */
  async unmount(): Promise<void> {
    for (let attempt = 1; this.#mounted; attempt += 1) {
      try {
        await run('umount', [this.dir]);
        this.#mounted = false;
      } catch (fault) {
        if (attempt === 50) throw fault;
        await run('sync', []).catch(() => undefined);
      }
    }
  }

  async remove(): Promise<void> {
    await this.unmount();
    await rm(this.#work, { recursive: true, force: true });
  }
}
