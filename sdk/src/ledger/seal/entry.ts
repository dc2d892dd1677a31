/**
 * An entry: what one signature covers. Its payload is a flat CBOR array that begins with the prefix:
 * [v, kind, ledger, seq, root, ctx, start, hwctr, t, mono, clk, …members of its kind].
 */
import { CLOCK_SOURCES, CLOCK_STATES } from '../../core/clock.ts';
import { LimpidError } from '../../core/error.ts';
import { type CborValue, encodeCbor } from './cbor.ts';
import { decodeCborOrRefuse, encodeSign1, parseSign1, type Sign1, verifySign1 } from './cose.ts';
import { type Detail, ENTRY_KINDS, type Entry, type EntryKind, type Prefix } from './entry-types.ts';
import { oneOf, refuse, toArray, toBytes, toUint, toUintOrNull } from './fields.ts';
import { HASH_BYTES, leafHash } from './merkle.ts';
import { readBatchEntry } from './read-batch-entry.ts';
import type { PublicKey, Signer, Suite } from './suite.ts';

export const FORMAT_VERSION = 1;
export const LEDGER_ID_BYTES = 8;
/** greatest encoded entry; a context lists one hash per device and may be larger */
export const ENTRY_LIMIT_BYTES = 4096;
export const CONTEXT_LIMIT_BYTES = 60_000;

const PREFIX_LENGTH = 11;

/** Encodes and signs. ENTRY_TOO_LARGE, ENTRY_MALFORMED. */
export function sealEntry(entry: Entry, signer: Signer): Uint8Array {
  const bytes = encodeSign1(encodePayload(entry), signer);
  assertSize(entry.kind, bytes.length);
  return bytes;
}

export interface OpenedEntry {
  entry: Entry;
  sign1: Sign1;
}

/** Form only, signature unseen. ENTRY_TOO_LARGE, ENTRY_MALFORMED. */
export function peekEntry(bytes: Uint8Array): OpenedEntry {
  return readBatchEntry(bytes) ?? peekAnyEntry(bytes);
}

/** The same for every kind, member by member. */
export function peekAnyEntry(bytes: Uint8Array): OpenedEntry {
  if (bytes.length > CONTEXT_LIMIT_BYTES) throw tooLarge(bytes.length, CONTEXT_LIMIT_BYTES);
  const sign1 = parseSign1(bytes);
  const entry = parsePayload(sign1.payload);
  assertSize(entry.kind, bytes.length);
  return { entry, sign1 };
}

/** The entry, or null when this key did not sign it. ENTRY_TOO_LARGE, ENTRY_MALFORMED. */
export function openEntry(suite: Suite, bytes: Uint8Array, key: PublicKey): Entry | null {
  const { entry, sign1 } = peekEntry(bytes);
  return verifySign1(suite, sign1, key) ? entry : null;
}

/** The leaf of the ledger's tree: over the whole COSE_Sign1, signature included. */
export function entryLeafHash(suite: Pick<Suite, 'sha256'>, bytes: Uint8Array): Uint8Array {
  return leafHash(suite, bytes);
}

/** What entry 0 names the ledger. */
export function ledgerIdOf(suite: Pick<Suite, 'sha256'>, entryZero: Uint8Array): Uint8Array {
  return suite.sha256(entryZero).slice(0, LEDGER_ID_BYTES);
}

function assertSize(kind: EntryKind, sizeBytes: number): void {
  const limitBytes = kind === 'context' ? CONTEXT_LIMIT_BYTES : ENTRY_LIMIT_BYTES;
  if (sizeBytes > limitBytes) throw tooLarge(sizeBytes, limitBytes);
}

function tooLarge(sizeBytes: number, limitBytes: number): LimpidError {
  return new LimpidError('ENTRY_TOO_LARGE', { sizeBytes, limitBytes });
}

export function encodePayload(entry: Entry): Uint8Array {
  const members = [...prefixMembers(ENTRY_KINDS[entry.kind], entry.prefix), ...ownMembers(entry)];
  return encodeCbor(members);
}

function prefixMembers(kind: number, prefix: Prefix): CborValue[] {
  const { ledger, seq, root, ctx, start, hwctr, wallMs, monoMs, clock } = prefix;
  const clk = [clock.state, clock.errorMs, clock.source];
  return [FORMAT_VERSION, kind, ledger, seq, root, ctx, start, hwctr, wallMs, monoMs, clk];
}

function ownMembers(entry: Entry): CborValue[] {
  switch (entry.kind) {
    case 'key':
      return [entry.op, entry.coseKey, entry.proof];
    case 'context':
      return [entry.parts];
    case 'batch':
      return [entry.count, entry.readingsRoot];
    case 'figures':
      return [entry.count, entry.figuresRoot];
    case 'event':
      return [entry.code, detailToCbor(entry.detail)];
    case 'anchor':
      return [entry.type, entry.about, entry.evidence];
  }
}

export function parsePayload(bytes: Uint8Array): Entry {
  const members = toArray(decodeCborOrRefuse(bytes, 'payload'), 'the payload');
  if (members[0] !== FORMAT_VERSION) throw refuse(`version ${String(members[0])} of the format`);
  const prefix = parsePrefix(members);
  const own = members.slice(PREFIX_LENGTH);
  switch (members[1]) {
    case ENTRY_KINDS.key:
      return { kind: 'key', prefix, ...parseKey(own) };
    case ENTRY_KINDS.context:
      return { kind: 'context', prefix, parts: parseParts(own) };
    case ENTRY_KINDS.batch: {
      const [count, readingsRoot] = parseCommitment(own);
      return { kind: 'batch', prefix, count, readingsRoot };
    }
    case ENTRY_KINDS.figures: {
      const [count, figuresRoot] = parseCommitment(own);
      return { kind: 'figures', prefix, count, figuresRoot };
    }
    case ENTRY_KINDS.event:
      toArray(own, 'an event', 2);
      return { kind: 'event', prefix, code: toUint(own[0], 'the event code'), detail: cborToDetail(own[1]) };
    case ENTRY_KINDS.anchor:
      return { kind: 'anchor', prefix, ...parseAnchor(own) };
    default:
      throw refuse(`kind ${String(members[1])}`);
  }
}

function parsePrefix(members: readonly CborValue[]): Prefix {
  const [, , ledger, seq, root, ctx, start, hwctr, wallMs, monoMs, clk] = members;
  const [state, errorMs, source] = toArray(clk, 'clk', 3);
  return {
    ledger: toBytes(ledger, 'ledger', LEDGER_ID_BYTES),
    seq: toUint(seq, 'seq'),
    root: toBytes(root, 'root', HASH_BYTES),
    ctx: toBytes(ctx, 'ctx', HASH_BYTES),
    start: toUint(start, 'start'),
    hwctr: toUintOrNull(hwctr, 'hwctr'),
    wallMs: toUint(wallMs, 't'),
    monoMs: toUint(monoMs, 'mono'),
    clock: {
      state: oneOf(Object.values(CLOCK_STATES), state, 'the clock state'),
      errorMs: toUintOrNull(errorMs, 'the error of the clock'),
      source: oneOf(Object.values(CLOCK_SOURCES), source, 'the clock source'),
    },
  };
}

function parseKey(own: readonly CborValue[]): { op: number; coseKey: Uint8Array; proof: Uint8Array } {
  const [op, coseKey, proof] = toArray(own, 'a key event', 3);
  return { op: toUint(op, 'op'), coseKey: toBytes(coseKey, 'coseKey'), proof: toBytes(proof, 'proof') };
}

function parseParts(own: readonly CborValue[]): Uint8Array[] {
  const [list] = toArray(own, 'a context', 1);
  const parts = toArray(list, 'parts');
  if (parts.length === 0) throw refuse('a context has at least one part');
  return parts.map((part) => toBytes(part, 'the hash of a part', HASH_BYTES));
}

function parseCommitment(own: readonly CborValue[]): [count: number, root: Uint8Array] {
  const [count, root] = toArray(own, 'a batch', 2);
  return [toUint(count, 'n'), toBytes(root, 'rroot', HASH_BYTES)];
}

function parseAnchor(own: readonly CborValue[]): { type: number; about: number; evidence: Uint8Array } {
  const [type, about, evidence] = toArray(own, 'an anchor', 3);
  return { type: toUint(type, 'type'), about: toUint(about, 'about'), evidence: toBytes(evidence, 'evidence') };
}

export function detailToCbor(detail: Detail): CborValue {
  if (detail === null || typeof detail !== 'object' || detail instanceof Uint8Array) return detail;
  if (Array.isArray(detail)) return detail.map(detailToCbor);
  const prototype: unknown = Object.getPrototypeOf(detail);
  // a Date or a Map would pass for an object without members
  if (prototype !== Object.prototype && prototype !== null) throw refuse('a detail that is no plain object');
  return new Map(Object.entries(detail).map(([key, value]) => [key, detailToCbor(value)] as const));
}

export function cborToDetail(value: CborValue | undefined): Detail {
  if (value === undefined) throw refuse('an event without detail');
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (value instanceof Map) return mapToDetail(value);
  if (Array.isArray(value)) return value.map(cborToDetail);
  throw refuse('a detail that is no value');
}

function mapToDetail(map: ReadonlyMap<unknown, CborValue>): { [key: string]: Detail } {
  const members: [string, Detail][] = [];
  for (const [key, value] of map) {
    if (typeof key !== 'string') throw refuse('a key of a detail that is not text');
    members.push([key, cborToDetail(value)]);
  }
  // fromEntries defines own members, so that a key called __proto__ is a key like any other
  return Object.fromEntries(members);
}

/** A member of a detail that is a map; undefined otherwise. */
export function detailMember(detail: Detail, key: string): Detail | undefined {
  if (detail === null || typeof detail !== 'object' || Array.isArray(detail) || detail instanceof Uint8Array) {
    return undefined;
  }
  return Object.hasOwn(detail, key) ? detail[key] : undefined;
}
