import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suite, testSigner } from '../../../../test/support/item-writer.ts';
import { isLimpidError } from '../../core/error.ts';
import { createNodeSigner } from '../store/node-suite.ts';
import { type CborValue, encodeCbor } from './cbor.ts';
import { encodeSign1, parseSign1 } from './cose.ts';
import { encodePayload, openEntry, parsePayload, peekEntry, sealEntry } from './entry.ts';
import type { Detail, Entry, Prefix } from './entry-types.ts';

const signer = testSigner(1);
const hash = (byte: number) => new Uint8Array(32).fill(byte);
const prefix: Prefix = {
  ledger: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  seq: 4711,
  root: hash(1),
  ctx: hash(2),
  start: 3,
  hwctr: null,
  wallMs: 1_795_406_400_123,
  monoMs: 987_654_321,
  clock: { state: 2, errorMs: 12, source: 2 },
};
const detail: Detail = { a: [1, -(2n ** 63n), 'text', null, true], b: { c: Uint8Array.of(9) }, __proto__x: 0 };
const ENTRIES: Entry[] = [
  { kind: 'key', prefix: { ...prefix, seq: 0 }, op: 0, coseKey: signer.publicKey.coseKey, proof: new Uint8Array(0) },
  { kind: 'context', prefix, parts: [hash(3), hash(4)] },
  { kind: 'batch', prefix, count: 70_000, readingsRoot: hash(5) },
  { kind: 'figures', prefix, count: 12, figuresRoot: hash(6) },
  { kind: 'event', prefix: { ...prefix, hwctr: 0 }, code: 3, detail },
  {
    kind: 'anchor',
    prefix: { ...prefix, clock: { state: 0, errorMs: null, source: 0 } },
    type: 1,
    about: 77,
    evidence: hash(7),
  },
];
const malformed = expect.objectContaining({ code: 'ENTRY_MALFORMED' });

describe('entries', () => {
  it.each(ENTRIES.map((entry) => [entry.kind, entry] as const))(
    'of kind %s come back as they were sealed',
    (_, entry) => {
      const bytes = sealEntry(entry, signer);
      expect(openEntry(suite, bytes, signer.publicKey)).toEqual(entry);
      expect(peekEntry(bytes).entry).toEqual(entry);
      expect(encodePayload(parsePayload(peekEntry(bytes).sign1.payload))).toEqual(peekEntry(bytes).sign1.payload);
    },
  );

  it('are signed by ESP256 as well, always with the lower s', () => {
    const p256 = createNodeSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    for (let round = 0; round < 20; round += 1) {
      const bytes = sealEntry(ENTRIES[2]!, p256);
      expect(openEntry(suite, bytes, p256.publicKey)).toEqual(ENTRIES[2]);
      expect(bytes.at(-32)!).toBeLessThan(0x80);
    }
  });

  it('are not opened by another key, and not when any byte was changed', () => {
    const bytes = sealEntry(ENTRIES[4]!, signer);
    expect(openEntry(suite, bytes, testSigner(2).publicKey)).toBeNull();
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice();
      changed[at]! ^= 0x10;
      let opened: Entry | null = null;
      try {
        opened = openEntry(suite, changed, signer.publicKey);
      } catch (fault) {
        if (!isLimpidError(fault)) throw fault;
      }
      expect(opened).toBeNull();
    }
  });

  it('cost a quarter of a kilobyte', () => {
    expect(sealEntry(ENTRIES[2]!, signer).length).toBeLessThanOrEqual(265);
  });

  it('stay below 4 KiB, contexts below 60 000 bytes', () => {
    const tooLarge = expect.objectContaining({ code: 'ENTRY_TOO_LARGE' });
    const event: Entry = { kind: 'event', prefix, code: 19, detail: 'x'.repeat(4096) };
    expect(() => sealEntry(event, signer)).toThrowError(tooLarge);
    expect(() => peekEntry(encodeSign1(encodePayload(event), signer))).toThrowError(tooLarge);
    const parts = (count: number) => Array.from({ length: count }, () => hash(1));
    expect(sealEntry({ kind: 'context', prefix, parts: parts(1500) }, signer).length).toBeGreaterThan(4096);
    expect(() => sealEntry({ kind: 'context', prefix, parts: parts(1800) }, signer)).toThrowError(tooLarge);
    expect(() => peekEntry(new Uint8Array(60_001))).toThrowError(tooLarge);
  });

  it.each<[string, unknown]>([
    ['a float in an event', { v: 0.5 }],
    ['undefined in an event', { v: undefined }],
    ['a date in an event', new Date(0)],
    ['a function', () => 1],
  ])('refuse %s', (_, wrong) => {
    const entry = { kind: 'event', prefix, code: 1, detail: wrong } as Entry;
    expect(() => sealEntry(entry, signer).length || 0).toThrowError(malformed);
  });

  it('are refused with members missing, added, or of another kind', () => {
    const members: CborValue[] = [1, 2, prefix.ledger, 1, hash(1), hash(2), 1, null, 5, 5, [2, 1, 2], 30, hash(3)];
    expect(parsePayload(encodeCbor(members)).kind).toBe('batch');
    const wrong = [
      members.slice(0, -1),
      [...members, 0],
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((at) => members.with(at, 'x')),
      members.with(0, 2),
      members.with(1, 6),
      members.with(3, -1),
      members.with(2, new Uint8Array(7)),
      members.with(4, new Uint8Array(31)),
      members.with(10, [5, 1, 2]),
      members.with(10, [2, 1]),
      members.with(10, [2, 1, 6]),
    ];
    for (const list of wrong) expect(() => parsePayload(encodeCbor(list))).toThrowError(malformed);
  });

  it('are refused when an event has keys that are not text', () => {
    const members = [1, 4, prefix.ledger, 1, hash(1), hash(2), 1, null, 5, 5, [2, 1, 2], 3, new Map([[1, 2]])];
    expect(() => parsePayload(encodeCbor(members))).toThrowError(malformed);
  });

  it('keep a key called __proto__ as a key', () => {
    const members = [
      1,
      4,
      prefix.ledger,
      1,
      hash(1),
      hash(2),
      1,
      null,
      5,
      5,
      [2, 1, 2],
      3,
      new Map([['__proto__', 2]]),
    ];
    const entry = parsePayload(encodeCbor(members));
    expect(encodePayload(entry)).toEqual(encodeCbor(members));
  });

  it('never crash on any bytes', () => {
    const bytes = sealEntry(ENTRIES[4]!, signer);
    const inputs = fc.oneof(
      fc.uint8Array(),
      fc
        .tuple(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 4 }))
        .map(([at, wedge]) => Uint8Array.from([...bytes.slice(0, at), ...wedge, ...bytes.slice(at + wedge.length)])),
    );
    fc.assert(
      fc.property(inputs, (input) => {
        try {
          expect(encodePayload(peekEntry(input).entry)).toEqual(parseSign1(input).payload);
        } catch (fault) {
          if (!isLimpidError(fault)) throw fault;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
