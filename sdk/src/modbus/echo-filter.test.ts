import { describe, expect, it } from 'vitest';
import { encodeSerialFrame } from './crc.ts';
import { EchoFilter } from './echo-filter.ts';
import type { ReadRequest } from './line.ts';

/** 19 bits from 0x0300: the request is a valid answer to itself. */
const ambiguous: ReadRequest = { unit: 1, fn: 1, address: 0x300, count: 19 };
const plain: ReadRequest = { unit: 1, fn: 3, address: 0x10, count: 2 };

function frameOf({ unit, fn, address, count }: ReadRequest): Buffer {
  return encodeSerialFrame(unit, Uint8Array.of(fn, address >> 8, address & 0xff, count >> 8, count & 0xff));
}

function sent(filter: EchoFilter, request: ReadRequest): Buffer {
  const frame = frameOf(request);
  filter.sent(frame, request);
  return frame;
}

describe('EchoFilter', () => {
  it('takes one echo off each request', () => {
    const filter = new EchoFilter(true);
    for (let round = 0; round < 2; round += 1) {
      const echo = sent(filter, plain);
      expect(filter.strip(Buffer.concat([echo, echo]))).toBe(8);
      expect(filter.strip(echo)).toBe(0);
    }
  });

  it('takes an answer like the request for an echo as long as nothing is known', () => {
    const filter = new EchoFilter(false);
    expect(filter.strip(sent(filter, ambiguous))).toBe(8);
  });

  it('takes it for the answer on a line that is known to have no echo', () => {
    const filter = new EchoFilter(false);
    sent(filter, plain);
    filter.answered();
    expect(filter.strip(sent(filter, ambiguous))).toBe(0);
  });

  it('waits while the bytes may still become an echo', () => {
    const filter = new EchoFilter(true);
    const echo = sent(filter, plain);
    expect(filter.mayBegin(echo.subarray(0, 5))).toBe(true);
    expect(filter.mayBegin(Buffer.of(1, 0x83, 2))).toBe(false);
    expect(filter.mayBegin(echo)).toBe(false);
  });

  it('takes noise before the echo off with it', () => {
    const filter = new EchoFilter(true);
    expect(filter.strip(Buffer.concat([Buffer.of(9, 9), sent(filter, plain)]))).toBe(10);
  });
});
