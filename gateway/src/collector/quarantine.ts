import { join } from 'node:path';
import { type Files, faultCode } from '@limpid/sdk/ledger/store';

/** What strangers may fill at most, each and together: anybody who reaches the broker can send. */
const LEDGER_LIMIT_BYTES = 1024 * 1024;
const TOTAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** A file takes a block of the disk, an inode and a name in memory, however little is in it. */
const FILE_BYTES = 4096;

/** Messages of ledgers that nobody has vouched for: kept aside as they came, never receipted. */
export class Quarantine {
  readonly directory: string;
  readonly #files: Files;
  readonly #sizes = new Map<string, number>();
  #totalBytes = 0;

  private constructor(directory: string, files: Files) {
    this.directory = directory;
    this.#files = files;
  }

  static async open(directory: string, files: Files): Promise<Quarantine> {
    const quarantine = new Quarantine(directory, files);
    await files.mkdir(directory);
    for (const name of await files.readdir(directory)) {
      const sizeBytes = (await files.stat(join(directory, name)))?.sizeBytes ?? 0;
      quarantine.#sizes.set(name.replace(/\.cborseq$/, ''), sizeBytes);
      quarantine.#totalBytes += sizeBytes + FILE_BYTES;
    }
    return quarantine;
  }

  /** False when there is no room for it, or nothing in it. Rejects when the disk refuses. */
  async keep(ledger: string, payload: Uint8Array): Promise<boolean> {
    const known = this.#sizes.get(ledger);
    const sizeBytes = known ?? 0;
    const moreBytes = payload.length + (known === undefined ? FILE_BYTES : 0);
    const full = sizeBytes + payload.length > LEDGER_LIMIT_BYTES || this.#totalBytes + moreBytes > TOTAL_LIMIT_BYTES;
    if (full || payload.length === 0) return false;
    const file = await this.#open(join(this.directory, `${ledger}.cborseq`));
    try {
      for (let written = 0; written < payload.length; ) {
        written += file.writeAt(payload.subarray(written), sizeBytes + written);
      }
    } finally {
      await file.close();
    }
    this.#sizes.set(ledger, sizeBytes + payload.length);
    this.#totalBytes += moreBytes;
    return true;
  }

  /** It may be there although nothing is known of it: a full disk can let a file be made and nothing into it. */
  async #open(path: string) {
    try {
      return await this.#files.open(path, 'write');
    } catch (fault) {
      if (faultCode(fault) !== 'ENOENT') throw fault;
      return this.#files.open(path, 'create');
    }
  }
}
