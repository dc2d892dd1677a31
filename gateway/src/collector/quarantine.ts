import { join } from 'node:path';
import type { Files } from '@limpid/sdk/ledger/store';

/** What strangers may fill at most, each and together: anybody who reaches the broker can send. */
const LEDGER_LIMIT_BYTES = 1024 * 1024;
const TOTAL_LIMIT_BYTES = 64 * 1024 * 1024;

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
      quarantine.#totalBytes += sizeBytes;
    }
    return quarantine;
  }

  /** False when there is no room for it. */
  async keep(ledger: string, payload: Uint8Array): Promise<boolean> {
    const sizeBytes = this.#sizes.get(ledger) ?? 0;
    const full =
      sizeBytes + payload.length > LEDGER_LIMIT_BYTES || this.#totalBytes + payload.length > TOTAL_LIMIT_BYTES;
    if (full) return false;
    const file = await this.#files.open(
      join(this.directory, `${ledger}.cborseq`),
      sizeBytes === 0 ? 'create' : 'write',
    );
    try {
      for (let written = 0; written < payload.length; ) {
        written += file.writeAt(payload.subarray(written), sizeBytes + written);
      }
    } finally {
      await file.close();
    }
    this.#sizes.set(ledger, sizeBytes + payload.length);
    this.#totalBytes += payload.length;
    return true;
  }
}
