/**
 * Reads the entry that a ledger consists of, a batch, without building the CBOR values in between: five times as fast
 * as the general way, which stays the judge. Whatever is not exactly as expected is null here and read by that one.
 *
 * D2 84 58 2D header A0 (58 LL / 59 LL LL) payload 58 40 signature
 * header  = A3 01 algorithm 04 48 key id 10 78 1D "application/limpid-entry+cbor"
 * payload = 8D 01 02 48 ledger seq 58 20 root 58 20 ctx start hwctr t mono 83 state error source n 58 20 rroot
 */
import { CLOCK_SOURCES, CLOCK_STATES } from '../../core/clock.ts';
import type { Sign1 } from './cose.ts';
import type { Entry, Prefix } from './entry-types.ts';
import { ED25519, ESP256 } from './keys.ts';

const BEFORE_ALGORITHM = Uint8Array.of(0xd2, 0x84, 0x58, 0x2d, 0xa3, 0x01);
const ALGORITHM_AT = 6;
const KEY_ID_AT = 9;
const BEHIND_KEY_ID = Uint8Array.of(
  ...[0x10, 0x78, 0x1d],
  ...new TextEncoder().encode('application/limpid-entry+cbor'),
  0xa0,
);
const HEADER_FROM = 4;
const HEADER_END = 49;
const PAYLOAD_HEAD_AT = 50;
const SIGNATURE_BYTES = 64;
const MOST_BYTES = 4096;
const STATES = Object.values(CLOCK_STATES);
const SOURCES = Object.values(CLOCK_SOURCES);

export function readBatchEntry(bytes: Uint8Array): { entry: Entry; sign1: Sign1 } | null {
  const algorithm = algorithmOf(bytes);
  if (algorithm === null) return null;
  const wide = bytes[PAYLOAD_HEAD_AT] === 0x59;
  const from = PAYLOAD_HEAD_AT + (wide ? 3 : 2);
  const end = bytes.length - SIGNATURE_BYTES - 2;
  const length = wide ? bytes[from - 2]! * 256 + bytes[from - 1]! : bytes[from - 1]!;
  if (!wide && bytes[PAYLOAD_HEAD_AT] !== 0x58) return null;
  if (end - from !== length || length < (wide ? 256 : 24) || bytes[end] !== 0x58 || bytes[end + 1] !== 0x40)
    return null;
  const entry = new BatchPayload(bytes, from, end).read();
  if (entry === null) return null;
  const sign1 = {
    algorithm,
    keyId: bytes.subarray(KEY_ID_AT, KEY_ID_AT + 8),
    header: bytes.subarray(HEADER_FROM, HEADER_END),
    payload: bytes.subarray(from, end),
    signature: bytes.subarray(end + 2),
  };
  return { entry, sign1 };
}

/** null when the bytes do not begin as those of an entry. */
function algorithmOf(bytes: Uint8Array): Sign1['algorithm'] | null {
  if (bytes.length > MOST_BYTES || bytes.length < PAYLOAD_HEAD_AT + SIGNATURE_BYTES) return null;
  if (!stands(bytes, 0, BEFORE_ALGORITHM) || !stands(bytes, KEY_ID_AT + 8, BEHIND_KEY_ID)) return null;
  if (bytes[ALGORITHM_AT + 1] !== 0x04 || bytes[ALGORITHM_AT + 2] !== 0x48) return null;
  const algorithm = 0x1f - bytes[ALGORITHM_AT]!;
  return algorithm === ED25519 || algorithm === ESP256 ? algorithm : null;
}

function stands(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Goes on to the end whatever it meets; `#fits` tells whether all was as expected. */
class BatchPayload {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #fits = true;

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  read(): Entry | null {
    this.#expect(0x8d);
    this.#expect(0x01);
    this.#expect(0x02);
    const prefix = this.#prefix();
    const count = this.#uint();
    const readingsRoot = this.#hash();
    if (prefix === null || !this.#fits || this.#at !== this.#end) return null;
    return { kind: 'batch', prefix, count, readingsRoot };
  }

  #prefix(): Prefix | null {
    this.#expect(0x48);
    const ledger = this.#take(8);
    const seq = this.#uint();
    const root = this.#hash();
    const ctx = this.#hash();
    const start = this.#uint();
    const hwctr = this.#uintOrNull();
    const wallMs = this.#uint();
    const monoMs = this.#uint();
    this.#expect(0x83);
    const [stateAt, errorMs, sourceAt] = [this.#uint(), this.#uintOrNull(), this.#uint()];
    const [state, source] = [STATES[stateAt], SOURCES[sourceAt]];
    if (state !== stateAt || source !== sourceAt) return null;
    return { ledger, seq, root, ctx, start, hwctr, wallMs, monoMs, clock: { state, errorMs, source } };
  }

  #expect(byte: number): void {
    if (this.#bytes[this.#at++] !== byte) this.#fits = false;
  }

  #take(length: number): Uint8Array {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #hash(): Uint8Array {
    this.#expect(0x58);
    this.#expect(0x20);
    return this.#take(32);
  }

  #uintOrNull(): number | null {
    if (this.#bytes[this.#at] !== 0xf6) return this.#uint();
    this.#at += 1;
    return null;
  }

  /** Shortest form, below 2^53. */
  #uint(): number {
    const initial = this.#bytes[this.#at++] ?? 0xff;
    if (initial < 24) return initial;
    if (initial > 0x1b) {
      this.#fits = false;
      return 0;
    }
    const width = 1 << (initial - 24);
    let value = 0;
    for (let left = width; left > 0; left -= 1) value = value * 256 + (this.#bytes[this.#at++] ?? 0);
    const least = width === 1 ? 24 : 256 ** (width / 2);
    if (value < least || !Number.isSafeInteger(value)) this.#fits = false;
    return value;
  }
}
