import { dataBytesOf } from './answer-frame.ts';
import type { ReadRequest } from './line.ts';
import { ANSWER_OVERHEAD_BYTES, REQUEST_BYTES } from './line-timing.ts';

/**
 * A half-duplex adapter may hear its own request. The request, checksum and all, can itself be a valid answer: reading
 * 17 to 24 bits from 0x0300..0x03FF is answered by eight bytes whose third one is 3, as in the request. So the echo is
 * taken off before anything is looked at. Whether there is one is learnt from the first answer, unless configured.
 */
export class EchoFilter {
  #state: 'unknown' | 'present' | 'absent';
  #request: Buffer = Buffer.alloc(0);
  #couldBeAnswer = false;
  #isDone = false;

  constructor(isConfigured: boolean) {
    this.#state = isConfigured ? 'present' : 'unknown';
  }

  sent(frame: Buffer, request: ReadRequest): void {
    this.#request = frame;
    this.#couldBeAnswer = ANSWER_OVERHEAD_BYTES + dataBytesOf(request) === REQUEST_BYTES;
    this.#isDone = false;
  }

  /** How many bytes at the start are the echo, and noise before it; once for each request. */
  strip(received: Buffer): number {
    if (this.#isDone || received.length < this.#request.length) return 0;
    const at = received.indexOf(this.#request);
    if (at < 0 || (at > 0 && this.#state !== 'present')) return 0;
    if (this.#couldBeAnswer && this.#state === 'absent') return 0;
    this.#isDone = true;
    this.#state = 'present';
    return at + this.#request.length;
  }

  /** Whether these bytes may be the beginning of an echo, however much they look like an answer. */
  mayBegin(received: Buffer): boolean {
    if (this.#isDone || this.#state === 'absent' || received.length >= this.#request.length) return false;
    return this.#request.subarray(0, received.length).equals(received);
  }

  /** An answer was taken: if no echo came before it, there is none on this line. */
  answered(): void {
    if (!this.#isDone && this.#state === 'unknown' && !this.#couldBeAnswer) this.#state = 'absent';
  }
}
