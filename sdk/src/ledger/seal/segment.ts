/**
 * The first and the last item of a segment file. The header repeats what lies before the segment and is needed to
 * check it alone: the right edge of the tree, the public key, and the context in force, whose entry and parts prove
 * themselves by their hashes. So one segment can be read and verified without the others, and the front of a ledger
 * can be dropped. The footer stands only in a sealed segment.
 *
 * header = [magic, version, ledger, first seq, right edge: [* hash], COSE_Key, null / [context entry, [+ part]], crc]
 * footer = [magic, next seq, first t, last t, crc]        crc = CRC-32 over the elements before it, encoded one by one
 */
import { equalBytes } from './bytes.ts';
import { type CborValue, decodeCborItem, encodeCbor, malformed } from './cbor.ts';
import { crc32Bytes } from './crc32.ts';
import { FORMAT_VERSION, LEDGER_ID_BYTES } from './entry.ts';
import { toArray, toBytes, toUint } from './fields.ts';
import { HASH_BYTES } from './merkle.ts';

export const HEADER_MAGIC = 'limpid-segment';
const FOOTER_MAGIC = 'limpid-sealed';
/** what every segment begins with: an array of eight, and the magic */
export const SEGMENT_BEGIN = Uint8Array.of(0x80 + 8, ...encodeCbor(HEADER_MAGIC));
/** what a header may need at most: a context entry and its parts */
const HEADER_LIMITS = { depth: 4, sizeBytes: 4 * 1024 * 1024 };
/** no footer is longer */
export const FOOTER_LIMIT_BYTES = 64;

export interface SegmentContext {
  /** the context entry in force, as signed; its leaf hash is the `ctx` of the entries that follow */
  entryBytes: Uint8Array;
  /** every part that it lists, in its order */
  parts: Uint8Array[];
}

export interface SegmentHeader {
  ledger: Uint8Array;
  firstSeq: number;
  /** heads of the complete subtrees over entries 0..firstSeq-1, largest first */
  edge: Uint8Array[];
  coseKey: Uint8Array;
  /** null before the first context */
  context: SegmentContext | null;
}

export interface SegmentFooter {
  /** the sequence that the next segment begins with */
  nextSeq: number;
  /** earliest and latest wall time of its entries: a clock may be set back within a segment */
  firstWallMs: number;
  lastWallMs: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const { ledger, firstSeq, edge, coseKey, context } = header;
  const inForce = context === null ? null : [context.entryBytes, context.parts];
  return withChecksum([HEADER_MAGIC, FORMAT_VERSION, ledger, firstSeq, edge, coseKey, inForce]);
}

/** The header that begins at `start`. Throws CBOR_MALFORMED or ENTRY_MALFORMED. */
export function parseSegmentHeader(window: Uint8Array, start = 0): { header: SegmentHeader; end: number } {
  const { members, end } = checkedMembers(window, start, HEADER_MAGIC, 8);
  const [, version, ledger, firstSeq, edge, coseKey, context] = members;
  if (version !== FORMAT_VERSION) throw malformed(start, `version ${String(version)} of the format`);
  const header = {
    ledger: toBytes(ledger, 'ledger', LEDGER_ID_BYTES),
    firstSeq: toUint(firstSeq, 'the first seq'),
    edge: toArray(edge, 'the right edge').map((hash) => toBytes(hash, 'a hash', HASH_BYTES)),
    coseKey: toBytes(coseKey, 'the COSE_Key'),
    context: toContext(context),
  };
  return { header, end };
}

function toContext(value: CborValue | undefined): SegmentContext | null {
  if (value === null) return null;
  const [entryBytes, parts] = toArray(value, 'the context', 2);
  return {
    entryBytes: toBytes(entryBytes, 'the context entry'),
    parts: toArray(parts, 'the parts').map((part) => toBytes(part, 'a part')),
  };
}

export function encodeSegmentFooter(footer: SegmentFooter): Uint8Array {
  return withChecksum([FOOTER_MAGIC, footer.nextSeq, footer.firstWallMs, footer.lastWallMs]);
}

export function parseSegmentFooter(window: Uint8Array, start = 0): { footer: SegmentFooter; end: number } {
  const { members, end } = checkedMembers(window, start, FOOTER_MAGIC, 5);
  const footer = {
    nextSeq: toUint(members[1], 'the next seq'),
    firstWallMs: toUint(members[2], 'the first t'),
    lastWallMs: toUint(members[3], 'the last t'),
  };
  return { footer, end };
}

/** The footer that ends exactly with the file, from the file's last bytes; null when there is none. */
export function findSegmentFooter(tail: Uint8Array): { footer: SegmentFooter; start: number } | null {
  const mark = withChecksum([FOOTER_MAGIC, 0, 0, 0]).subarray(0, FOOTER_MAGIC.length + 2);
  for (let start = tail.length - mark.length; start >= Math.max(0, tail.length - FOOTER_LIMIT_BYTES); start -= 1) {
    if (!equalBytes(tail.subarray(start, start + mark.length), mark)) continue;
    try {
      const { footer, end } = parseSegmentFooter(tail, start);
      return end === tail.length ? { footer, start } : null;
    } catch {
      return null; // a torn footer is none
    }
  }
  return null;
}

function withChecksum(members: CborValue[]): Uint8Array {
  return encodeCbor([...members, checksum(members)]);
}

function checksum(members: readonly CborValue[]): Uint8Array {
  return crc32Bytes(...members.map((member) => encodeCbor(member)));
}

function checkedMembers(window: Uint8Array, start: number, magic: string, length: number) {
  const { value, end } = decodeCborItem(window, start, HEADER_LIMITS);
  const members = toArray(value, magic);
  if (members.length !== length || members[0] !== magic) throw malformed(start, `no ${magic}`);
  if (!equalBytes(checksum(members.slice(0, -1)), toBytes(members.at(-1), 'the checksum', 4))) {
    throw malformed(start, `the checksum of ${magic} does not fit`);
  }
  return { members, end };
}
