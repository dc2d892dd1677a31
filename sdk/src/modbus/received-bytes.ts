/** An answer is at most 256 bytes long; of a flood only the newest bytes are kept. */
const MOST_BYTES = 1024;

/** Bytes that came over a wire and have not been taken yet, in one buffer that is never allocated anew. */
export class ReceivedBytes {
  readonly #buffer = Buffer.allocUnsafe(MOST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view: good until the next `keep` or `shift`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Gives how many bytes were lost for it. */
  keep(bytes: Buffer): number {
    const newest = bytes.length > MOST_BYTES ? bytes.subarray(-MOST_BYTES) : bytes;
    const tooMany = Math.max(0, this.#length + newest.length - MOST_BYTES);
    this.shift(tooMany);
    newest.copy(this.#buffer, this.#length);
    this.#length += newest.length;
    return bytes.length - newest.length + tooMany;
  }

  /** Takes the oldest bytes away. */
  shift(count: number): void {
    if (count === 0) return;
    this.#buffer.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}
