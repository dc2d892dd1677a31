/**
 * Walks a segment file item by item through one window of memory, however large the file is.
 *
 *   header | item | item … | 00 00 00 …            a segment that is written
 *   header | item | item … | footer                a sealed one (mode 0400)
 */
import { isLimpidError, LimpidError } from '../../core/error.ts';
import { END_OF_ITEMS, type FramedItem, frameItem, type Item } from '../seal/item.ts';
import {
  FOOTER_LIMIT_BYTES,
  parseSegmentFooter,
  parseSegmentHeader,
  type SegmentFooter,
  type SegmentHeader,
} from '../seal/segment.ts';
import { type OpenFile, readFully } from './files.ts';

export type ScanStep =
  | { kind: 'item'; offset: number; end: number; groupStart: number; item: Item }
  | { kind: 'footer'; offset: number; end: number; footer: SegmentFooter }
  /** no item begins here: zeros, or the file (or what may be read of it) is over */
  | { kind: 'end'; offset: number; reason: 'zeros' | 'file' }
  | BadStep;

export interface BadStep {
  kind: 'bad';
  offset: number;
  detail: string;
  /** what it would be if its checksum were ignored; null when not even the lengths make sense */
  framed: FramedItem | null;
  /** file offset behind it, when it is framed */
  end: number | null;
  /** the bytes end before the item does */
  short: boolean;
  /** file offset at which its structure stops making sense; that of the item when only its checksum is wrong */
  brokenAt: number;
}

/** A place where zeros stand although something follows them. */
export function zerosInTheWay(offset: number): BadStep {
  const detail = 'zeros stand where an item was';
  return { kind: 'bad', offset, detail, framed: null, end: null, short: false, brokenAt: offset };
}

const WINDOW_BYTES = 256 * 1024;
const ARRAY_OF_FIVE = 0x85;

export class SegmentScanner {
  readonly #file: OpenFile;
  readonly #limit: number;
  #window = new Uint8Array(0);
  /** file offset of the window, and how much of it is filled */
  #base: number;
  #filled = 0;
  #at = 0;
  #groupStart: number;

  /** From an offset where an item begins; never looks at or beyond `limit`. */
  constructor(file: OpenFile, from: number, limit: number) {
    this.#file = file;
    this.#base = from;
    this.#limit = limit;
    this.#groupStart = from;
  }

  get offset(): number {
    return this.#base + this.#at;
  }

  /** Does not move on over what is no item: the next call says the same again. */
  async next(): Promise<ScanStep> {
    let step = this.#parse();
    while (step === 'incomplete') step = (await this.#fill()) ? this.#parse() : this.#atLimit();
    return step;
  }

  /** Goes on behind a damaged item whose lengths still make sense. */
  skip(bad: BadStep): void {
    if (bad.framed === null) throw new RangeError('nothing says where the next item begins');
    this.#advance(bad.framed.end);
  }

  #parse(): ScanStep | 'incomplete' {
    const first = this.#at < this.#filled ? this.#window[this.#at] : undefined;
    if (first === undefined) return 'incomplete';
    const offset = this.offset;
    if (first === END_OF_ITEMS) return { kind: 'end', offset, reason: 'zeros' };
    if (first === ARRAY_OF_FIVE) return this.#parseFooter();
    try {
      const framed = frameItem(this.#window.subarray(0, this.#filled), this.#at);
      if (framed === 'incomplete') return framed;
      return framed.intact ? this.#take(framed) : this.#bad('its checksum does not fit its bytes', framed);
    } catch (fault) {
      return this.#bad(malformedText(fault), null, this.#base + malformedAt(fault, this.#at));
    }
  }

  #take(framed: FramedItem): ScanStep {
    const offset = this.offset;
    const groupStart = offset - framed.back;
    // `back` is outside the checksum, but it can say only one thing
    if (framed.back === 0) this.#groupStart = offset;
    else if (groupStart !== this.#groupStart) return this.#bad('it names another flush than the item before', framed);
    this.#advance(framed.end);
    return { kind: 'item', offset, end: this.offset, groupStart, item: framed.item };
  }

  #parseFooter(): ScanStep | 'incomplete' {
    const whole = this.#filled - this.#at >= FOOTER_LIMIT_BYTES || this.#base + this.#filled >= this.#limit;
    if (!whole) return 'incomplete';
    try {
      const { footer, end } = parseSegmentFooter(this.#window.subarray(0, this.#filled), this.#at);
      return { kind: 'footer', offset: this.offset, end: this.#base + end, footer };
    } catch (fault) {
      // the last thing in a file: sealing was interrupted
      const short = this.#limit - this.offset < FOOTER_LIMIT_BYTES;
      return { ...this.#bad(malformedText(fault), null), short };
    }
  }

  #atLimit(): ScanStep {
    if (this.#at === this.#filled) return { kind: 'end', offset: this.offset, reason: 'file' };
    return {
      kind: 'bad',
      offset: this.offset,
      detail: 'the file ends inside it',
      framed: null,
      end: null,
      short: true,
      brokenAt: this.#limit,
    };
  }

  #bad(detail: string, framed: FramedItem | null, brokenAt = this.offset): BadStep {
    const end = framed === null ? null : this.#base + framed.end;
    return { kind: 'bad', offset: this.offset, detail, framed, end, short: false, brokenAt };
  }

  #advance(end: number): void {
    this.#at = end;
  }

  /** Keeps what is not parsed yet and reads on; false at the limit. */
  async #fill(): Promise<boolean> {
    const rest = this.#filled - this.#at;
    const start = this.#base + this.#filled;
    const wanted = Math.min(Math.max(WINDOW_BYTES, rest * 2), rest + this.#limit - start);
    if (wanted <= rest) return false;
    const window = wanted <= this.#window.length ? this.#window : new Uint8Array(wanted);
    window.set(this.#window.subarray(this.#at, this.#filled));
    const count = await readFully(this.#file, window.subarray(rest, wanted), start);
    this.#window = window;
    this.#base += this.#at;
    this.#at = 0;
    this.#filled = rest + count;
    return count > 0;
  }
}

function malformedText(fault: unknown): string {
  if (isLimpidError(fault, 'CBOR_MALFORMED')) return String(fault.params.detail);
  if (isLimpidError(fault, 'ENTRY_MALFORMED')) return fault.message;
  throw fault;
}

/** Where in its window the parser gave up. */
function malformedAt(fault: unknown, otherwise: number): number {
  const at = isLimpidError(fault, 'CBOR_MALFORMED') ? Number(fault.params.offset) : otherwise;
  return Number.isSafeInteger(at) ? at : otherwise;
}

export interface FoundHeader {
  header: SegmentHeader;
  /** offset of the first item */
  end: number;
}

/** The header of a segment; CBOR_MALFORMED or ENTRY_MALFORMED when it is torn or damaged. */
export async function readSegmentHeader(file: OpenFile): Promise<FoundHeader> {
  const sizeBytes = await file.sizeBytes();
  for (let windowBytes = 64 * 1024; ; windowBytes *= 8) {
    const window = new Uint8Array(Math.min(windowBytes, sizeBytes));
    const filled = window.subarray(0, await readFully(file, window, 0));
    try {
      return parseSegmentHeader(filled, 0);
    } catch (fault) {
      if (windowBytes >= sizeBytes || !(fault instanceof LimpidError)) throw fault;
    }
  }
}

export interface LaterItem {
  offset: number;
  end: number;
  groupStart: number;
  item: Item;
}

/**
 * Bytes put to the test of a checksum: several times the largest segment of real items, each of which is tried once. A
 * file made to look like nested items all over would otherwise take minutes.
 */
const MOST_TRIED_BYTES = 256 * 1024 * 1024;

/**
 * Items that are whole behind a place where the walk cannot go on. Looks at every byte where one could begin; a
 * checksum of 32 bits and the first bytes of a COSE_Sign1 make chance hits unlikely.
 */
export async function findLaterItems(file: OpenFile, from: number, limit: number): Promise<LaterItem[]> {
  const bytes = new Uint8Array(Math.max(0, limit - from));
  const window = bytes.subarray(0, await readFully(file, bytes, from));
  const found: LaterItem[] = [];
  let triedBytes = 0;
  for (let at = 0; at < window.length && triedBytes < MOST_TRIED_BYTES; ) {
    const framed = mayBeItem(window, at) ? tryFrame(window, at) : null;
    if (framed !== null) triedBytes += framed.end - at;
    if (!framed?.intact) {
      at += 1;
      continue;
    }
    const offset = from + at;
    found.push({ offset, end: from + framed.end, groupStart: offset - framed.back, item: framed.item });
    at = framed.end;
  }
  return found;
}

/** array of three or four, a byte string of two or three bytes of head, tag 18, array of four */
function mayBeItem(window: Uint8Array, at: number): boolean {
  if (window[at] !== 0x83 && window[at] !== 0x84) return false;
  const head = window[at + 1] === 0x58 ? 2 : window[at + 1] === 0x59 ? 3 : 0;
  return head > 0 && window[at + 1 + head] === 0xd2 && window[at + 2 + head] === 0x84;
}

function tryFrame(window: Uint8Array, at: number): FramedItem | null {
  try {
    const framed = frameItem(window, at);
    return framed === 'incomplete' ? null : framed;
  } catch (fault) {
    if (isLimpidError(fault, 'CBOR_MALFORMED')) return null;
    throw fault;
  }
}
