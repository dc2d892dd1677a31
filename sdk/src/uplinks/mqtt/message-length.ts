/** What a message is cut to after one that did not get through, and at least what it is cut by. */
const CUT = 4;

/**
 * How long a message may be. Brokers have limits that they do not tell (mosquitto's `message_size_limit` drops what is
 * longer, over 3.1.1 even with a PUBACK), and a slow line may need longer for one message than we wait. So what brought
 * no progress is tried shorter, down to one item, and grows again as far as it is known to get through.
 */
export class MessageLength {
  #limit = Number.POSITIVE_INFINITY;
  /** the longest with which there was progress since it was cut */
  #proven = 0;
  #ceiling = Number.POSITIVE_INFINITY;

  within(messageBytes: number): number {
    return Math.max(1, Math.min(messageBytes, this.#limit));
  }

  failed(messageBytes: number): void {
    const tried = this.within(messageBytes);
    if (this.#proven > 0 && this.#proven < tried) this.#ceiling = this.#proven;
    this.#limit = Math.max(1, Math.floor(tried / CUT));
  }

  /** `caughtUp`: there is no backlog any more, so the next one may try again what failed in this one. */
  progressed(caughtUp: boolean): void {
    if (caughtUp) {
      this.#limit = Number.POSITIVE_INFINITY;
      this.#ceiling = Number.POSITIVE_INFINITY;
      this.#proven = 0;
    }
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    this.#proven = this.#limit;
    this.#limit = Math.min(this.#limit * 2, this.#ceiling);
  }
}
