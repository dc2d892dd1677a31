import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { honestLedger } from '../../../../test/support/item-writer.ts';
import { isLimpidError } from '../../core/error.ts';
import { decodeCbor } from './cbor.ts';
import { crc32 } from './crc32.ts';
import { encodeItem, parseItem, parseWholeItem } from './item.ts';
import {
  encodeSegmentFooter,
  encodeSegmentHeader,
  FOOTER_LIMIT_BYTES,
  findSegmentFooter,
  parseSegmentFooter,
  parseSegmentHeader,
} from './segment.ts';

const items = fc.record({
  entryBytes: fc.uint8Array({ maxLength: 400 }),
  body: fc.option(fc.uint8Array({ maxLength: 400 })),
});

describe('CRC-32', () => {
  it('is that of IEEE 802.3, whole or in pieces', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes));
      }),
    );
  });
});

describe('items', () => {
  it('come back byte for byte, and end where they end', () => {
    fc.assert(
      fc.property(items, fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (item, before, after) => {
        const bytes = encodeItem(item);
        const window = Uint8Array.from([...before, ...bytes, ...after]);
        expect(parseItem(window, before.length)).toMatchObject({ item, back: 0, end: before.length + bytes.length });
        expect(parseWholeItem(bytes)).toEqual(item);
        expect(decodeCbor(bytes)).toEqual([item.entryBytes, item.body, expect.any(Uint8Array)]);
      }),
    );
  });

  it('are incomplete at every cut, never something else', () => {
    fc.assert(
      fc.property(items, (item) => {
        const bytes = encodeItem(item);
        for (let end = 0; end < bytes.length; end += 1) expect(parseItem(bytes.subarray(0, end))).toBe('incomplete');
      }),
      { numRuns: 30 },
    );
  });

  it('carry the distance to the beginning of their flush in a segment, and not on the wire', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 0xffffffff }), (item, back) => {
        const bytes = encodeItem(item, back);
        expect(parseItem(bytes)).toMatchObject({ item, back, end: bytes.length });
        expect(() => parseWholeItem(bytes)).toThrowError(expect.objectContaining({ code: 'CBOR_MALFORMED' }));
        for (let end = 0; end < bytes.length; end += 1) expect(parseItem(bytes.subarray(0, end))).toBe('incomplete');
      }),
      { numRuns: 50 },
    );
  });

  it.each([0, 300])('are never taken with any bit flipped, with a distance of %s', (back) => {
    const bytes = encodeItem({ entryBytes: new Uint8Array(40).fill(7), body: new Uint8Array(30).fill(9) }, back);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      let parsed: unknown = 'refused';
      try {
        parsed = parseItem(flipped);
      } catch (fault) {
        if (!isLimpidError(fault, 'CBOR_MALFORMED')) throw fault;
      }
      expect(['refused', 'incomplete']).toContain(parsed);
    }
  });

  it('do not make a reader wait for a length that no item has', () => {
    const endless = Uint8Array.from([0x83, 0x5a, 0xff, 0xff, 0xff, 0xff]);
    expect(() => parseItem(endless)).toThrowError(expect.objectContaining({ code: 'CBOR_MALFORMED' }));
  });
});

describe('segments', () => {
  const writer = honestLedger(6);
  const header = writer.header();

  it('have a header that comes back, with the context in force', () => {
    const bytes = encodeSegmentHeader(header);
    const window = Uint8Array.from([...bytes, ...encodeItem(writer.items[0]!)]);
    expect(parseSegmentHeader(window)).toEqual({ header, end: bytes.length });
    expect(parseItem(window, bytes.length)).not.toBe('incomplete');
    expect(parseSegmentHeader(encodeSegmentHeader({ ...header, context: null })).header.context).toBeNull();
  });

  it('refuse a header with any byte changed or cut off', () => {
    const bytes = encodeSegmentHeader(header);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.with(at, bytes[at]! ^ 0x04);
      for (const wrong of [changed, bytes.subarray(0, at)]) {
        let code = '';
        try {
          parseSegmentHeader(wrong);
        } catch (fault) {
          if (!isLimpidError(fault)) throw fault;
          code = fault.code;
        }
        expect(code).toMatch(/^(CBOR|ENTRY)_MALFORMED$/);
      }
    }
  });

  it('have a footer that is found at the end and nowhere else', () => {
    const footer = { nextSeq: 6500, firstWallMs: 1_795_406_400_000, lastWallMs: 1_795_409_999_999 };
    const bytes = encodeSegmentFooter(footer);
    expect(bytes.length).toBeLessThanOrEqual(FOOTER_LIMIT_BYTES);
    expect(parseSegmentFooter(bytes)).toEqual({ footer, end: bytes.length });
    const tail = Uint8Array.from([...new Uint8Array(30).fill(3), ...bytes]);
    expect(findSegmentFooter(tail)).toEqual({ footer, start: 30 });
    expect(findSegmentFooter(Uint8Array.from([...tail, 0]))).toBeNull();
    expect(findSegmentFooter(tail.slice(0, -1))).toBeNull();
    expect(findSegmentFooter(tail.with(50, tail[50]! ^ 1))).toBeNull();
    expect(findSegmentFooter(new Uint8Array(0))).toBeNull();
  });
});
