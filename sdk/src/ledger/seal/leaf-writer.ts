/**
 * Encodes leaves and hashes them into a tree without allocating per leaf: a batch of 60 readings is 60 leaves and 59
 * nodes, and is sealed while the wire waits. Byte for byte what `encodeCbor` gives (tests hold them together).
 */
import { HASH_BYTES, treeHeadOfFlat } from './merkle.ts';
import type { Suite } from './suite.ts';

const UINT = 0x00;
const NEGATIVE = 0x20;
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;
const NULL = 0xf6;

const FIRST_BYTES = 256;

export class LeafWriter {
  readonly #suite: Pick<Suite, 'sha256Into'>;
  /** 00, the prefix of a leaf's hash, and the leaf */
  #buffer = new Uint8Array(FIRST_BYTES);
  /** views of the buffer by length: making one costs more than a short leaf's encoding */
  #views: Uint8Array[] = [];
  #at = 1;
  readonly #hashes: Uint8Array;
  #count = 0;

  constructor(suite: Pick<Suite, 'sha256Into'>, leaves: number) {
    this.#suite = suite;
    this.#hashes = new Uint8Array(HASH_BYTES * leaves);
  }

  get count(): number {
    return this.#count;
  }

  array(length: number): void {
    this.#head(ARRAY, length);
  }

  uint(value: number): void {
    this.#head(UINT, value);
  }

  null(): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = NULL;
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number') {
      if (value >= 0) this.#head(UINT, value);
      else this.#head(NEGATIVE, -1 - value);
    } else if (value >= 0n) this.#bigHead(UINT, value);
    else this.#bigHead(NEGATIVE, -1n - value);
  }

  /** `length` bytes of `source` from `from` */
  bytes(source: Uint8Array, from = 0, length = source.length): void {
    this.#head(BYTES, length);
    this.#reserve(length);
    for (let index = 0; index < length; index += 1) this.#buffer[this.#at + index] = source[from + index]!;
    this.#at += length;
  }

  text(utf8: Uint8Array): void {
    this.#head(TEXT, utf8.length);
    this.raw(utf8);
  }

  /** bytes that are CBOR already */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#buffer.set(encoded, this.#at);
    this.#at += encoded.length;
  }

  /** Ends the leaf: its hash is the next of the tree. */
  end(): void {
    this.#suite.sha256Into(this.#leaf(), this.#hashes, HASH_BYTES * this.#count);
    this.#count += 1;
    this.#at = 1;
  }

  #leaf(): Uint8Array {
    const known = this.#views[this.#at];
    if (known !== undefined) return known;
    const view = this.#buffer.subarray(0, this.#at);
    this.#views[this.#at] = view;
    return view;
  }

  /** Spends the hashes: call it once, after the last leaf. */
  root(): Uint8Array {
    return treeHeadOfFlat(this.#suite, this.#hashes, this.#count);
  }

  #head(major: number, value: number): void {
    this.#reserve(9);
    const buffer = this.#buffer;
    if (value > 0xffffffff) {
      buffer[this.#at++] = major | 27;
      this.#put32(Math.floor(value / 0x100000000));
      this.#put32(value % 0x100000000);
    } else if (value < 24) {
      buffer[this.#at++] = major | value;
    } else if (value < 0x100) {
      buffer[this.#at++] = major | 24;
      buffer[this.#at++] = value;
    } else if (value < 0x10000) {
      buffer[this.#at++] = major | 25;
      buffer[this.#at++] = value >>> 8;
      buffer[this.#at++] = value;
    } else {
      buffer[this.#at++] = major | 26;
      this.#put32(value);
    }
  }

  #bigHead(major: number, value: bigint): void {
    if (value <= 0xffffffffn) {
      this.#head(major, Number(value));
      return;
    }
    this.#reserve(9);
    this.#buffer[this.#at++] = major | 27;
    this.#put32(Number(value >> 32n));
    this.#put32(Number(value & 0xffffffffn));
  }

  #put32(value: number): void {
    const buffer = this.#buffer;
    buffer[this.#at++] = value >>> 24;
    buffer[this.#at++] = value >>> 16;
    buffer[this.#at++] = value >>> 8;
    buffer[this.#at++] = value;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#at + bytes));
    larger.set(this.#buffer);
    this.#buffer = larger;
    this.#views = [];
  }
}
