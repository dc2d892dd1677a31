import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { honestLedger, ItemWriter, testSigner } from '../../../../test/support/item-writer.ts';
import { isLimpidError } from '../../core/error.ts';
import { peekAnyEntry, sealEntry } from './entry.ts';
import type { Entry } from './entry-types.ts';
import { readBatchEntry } from './read-batch-entry.ts';

const signer = testSigner(1);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const uint = fc.oneof(
  fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const batch = fc.record({
  kind: fc.constant('batch' as const),
  count: uint,
  readingsRoot: hash,
  prefix: fc.record({
    ledger: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    seq: uint,
    root: hash,
    ctx: hash,
    start: uint,
    hwctr: fc.option(uint),
    wallMs: uint,
    monoMs: uint,
    clock: fc.record({
      state: fc.constantFrom(0, 1, 2, 3, 4),
      errorMs: fc.option(uint),
      source: fc.constantFrom(0, 1, 2, 3, 4, 5),
    }),
  }),
});

function judged(bytes: Uint8Array): unknown {
  try {
    return peekAnyEntry(bytes);
  } catch (fault) {
    if (isLimpidError(fault)) return null;
    throw fault;
  }
}

describe('the short way to read a batch', () => {
  it('reads every batch as the general way does', () => {
    fc.assert(
      fc.property(batch, (entry: Entry) => {
        const bytes = sealEntry(entry, signer);
        expect(readBatchEntry(bytes)).toEqual(peekAnyEntry(bytes));
      }),
    );
  });

  it('accepts no changed, shortened or lengthened bytes that the general way refuses or reads otherwise', () => {
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 3 });
    const size = fc.constantFrom(-70, -1, 0, 0, 0, 0, 1);
    let accepted = 0;
    fc.assert(
      fc.property(batch, changes, size, (entry: Entry, bytesAt, longer) => {
        const sealed = sealEntry(entry, signer);
        const bytes = new Uint8Array(sealed.length + longer);
        bytes.set(sealed.subarray(0, bytes.length));
        for (const [at, byte] of bytesAt) bytes[at % bytes.length] = byte;
        const read = readBatchEntry(bytes);
        if (read === null) return;
        accepted += 1;
        expect(read).toEqual(judged(bytes));
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('leaves nothing out at any one byte of an entry', () => {
    const { entryBytes } = honestLedger(1).items[3]!;
    for (let at = 0; at < entryBytes.length; at += 1) {
      for (const byte of [0, 1, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x20, 0x58, 0x82, 0xf6, 0xff]) {
        const bytes = entryBytes.with(at, byte);
        const read = readBatchEntry(bytes);
        if (read !== null) expect(read).toEqual(judged(bytes));
        expect(readBatchEntry(bytes.subarray(0, at))).toBeNull();
      }
    }
  });

  it('leaves other kinds to the general way', () => {
    const writer = new ItemWriter(signer).begin();
    for (const { entryBytes } of writer.items) expect(readBatchEntry(entryBytes)).toBeNull();
  });
});
