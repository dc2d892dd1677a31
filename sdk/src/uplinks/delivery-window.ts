/** One message on its way: the entries `first`..`end`-1. */
export interface Sending {
  readonly first: number;
  readonly end: number;
  readonly bytes: number;
  acknowledged: boolean;
}

/**
 * The bookkeeping of go-back-N. Messages leave in order and stand here until they are *taken over*: by a receipt, or
 * by the broker's acknowledgement where the site expects no receipts. After a time without progress only one message
 * may be outstanding (`probing`), so that a far end that is away costs little; progress opens the window again.
 */
export class DeliveryWindow {
  /** next sequence to be sent */
  cursor: number;
  /** below this everything is taken over */
  taken: number;
  probing = false;
  readonly #byReceipt: boolean;
  readonly #sendings: Sending[] = [];
  #bytes = 0;
  #highest: number;
  sent = 0;
  resent = 0;

  constructor(start: number, byReceipt: boolean) {
    this.cursor = start;
    this.taken = start;
    this.#highest = start;
    this.#byReceipt = byReceipt;
  }

  /** Where an earlier run had got to. */
  startAt(seq: number): void {
    this.goBack(seq);
    this.#highest = seq;
  }

  get outstanding(): number {
    return this.#sendings.length;
  }

  /** `maxBytes`: what may be on its way without having been taken over; one message always may. */
  hasRoom(maxBytes: number): boolean {
    return this.#sendings.length === 0 || (!this.probing && this.#bytes < maxBytes);
  }

  send(end: number, bytes: number): Sending {
    const first = this.cursor;
    if (end <= first) throw new RangeError(`a message must carry entries: ${first}..${end}`);
    const sending = { first, end, bytes, acknowledged: false };
    const fresh = Math.max(0, end - Math.max(first, this.#highest));
    this.sent += fresh;
    this.resent += end - first - fresh;
    this.#highest = Math.max(this.#highest, end);
    this.cursor = end;
    this.#sendings.push(sending);
    this.#bytes += bytes;
    return sending;
  }

  /** True when it took something over. An acknowledgement of a message sent before `goBack` says nothing. */
  acknowledge(sending: Sending): boolean {
    if (sending.acknowledged || !this.#sendings.includes(sending)) return false;
    sending.acknowledged = true;
    if (this.#byReceipt) return false;
    let end = this.taken;
    for (const candidate of this.#sendings) {
      if (!candidate.acknowledged) break;
      end = candidate.end;
    }
    return this.#advance(end);
  }

  /** The far end holds everything below `size`. True when that is more than before. */
  receipt(size: number): boolean {
    if (this.cursor < size) this.cursor = size;
    return this.#advance(size);
  }

  /** Everything from `from` on is to be sent again. */
  goBack(from: number): void {
    this.#sendings.length = 0;
    this.#bytes = 0;
    this.cursor = from;
    this.taken = from;
  }

  #advance(end: number): boolean {
    while (this.#sendings[0] !== undefined && this.#sendings[0].end <= end) {
      this.#bytes -= this.#sendings.shift()!.bytes;
    }
    if (end <= this.taken) return false;
    this.taken = end;
    this.probing = false;
    return true;
  }
}
