import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataBytesOf, describeMisfit, findAnswer } from './answer-frame.ts';
import { encodeSerialFrame } from './crc.ts';
import type { ReadRequest } from './line.ts';

const requests: fc.Arbitrary<ReadRequest> = fc
  .record({ unit: fc.integer({ min: 1, max: 247 }), fn: fc.constantFrom(1, 2, 3, 4), address: fc.nat(1000) })
  .chain((base) =>
    fc
      .integer({ min: 1, max: base.fn <= 2 ? 2000 : 125 })
      .map((count): ReadRequest => ({ ...base, fn: fnOf(base.fn), count })),
  );
const noise = fc.uint8Array({ maxLength: 40 });

function fnOf(fn: number): 1 | 2 | 3 | 4 {
  return fn === 1 || fn === 2 || fn === 3 ? fn : 4;
}

function answerTo(request: ReadRequest, seed = 1): Buffer {
  const bytes = dataBytesOf(request);
  const data = Uint8Array.from({ length: bytes }, (_, index) => (index * 37 + seed) & 0xff);
  return encodeSerialFrame(request.unit, Uint8Array.of(request.fn, bytes, ...data));
}

describe('findAnswer', () => {
  it('finds the answer between any noise, and then no other bytes', () => {
    fc.assert(
      fc.property(requests, noise, noise, (request, before, after) => {
        const answer = answerTo(request);
        const span = findAnswer(Buffer.concat([before, answer, after]), request);
        // Noise that is itself an answer would be found first: one in four billion.
        expect(span).toEqual({ start: before.length, end: before.length + answer.length });
      }),
    );
  });

  it('takes no answer that was cut anywhere', () => {
    fc.assert(
      fc.property(requests, fc.nat(), noise, (request, at, before) => {
        const answer = answerTo(request);
        const torn = answer.subarray(0, at % answer.length);
        expect(findAnswer(Buffer.concat([before, torn]), request)).toBeNull();
      }),
    );
  });

  it('takes no answer with one byte changed', () => {
    fc.assert(
      fc.property(requests, fc.nat(), fc.integer({ min: 1, max: 255 }), (request, at, change) => {
        const answer = answerTo(request);
        answer[at % answer.length]! ^= change;
        expect(findAnswer(answer, request)).toBeNull();
      }),
    );
  });

  it('takes no answer of another unit, function or length', () => {
    fc.assert(
      fc.property(requests, requests, (asked, other) => {
        fc.pre(asked.unit !== other.unit || asked.fn !== other.fn || dataBytesOf(asked) !== dataBytesOf(other));
        expect(findAnswer(answerTo(other), asked)).toBeNull();
      }),
    );
  });

  it('takes no answer whose byte count lies, checksum or not', () => {
    const request: ReadRequest = { unit: 5, fn: 3, address: 0, count: 2 };
    expect(findAnswer(encodeSerialFrame(5, Uint8Array.of(3, 2, 1, 2, 3, 4)), request)).toBeNull();
    expect(findAnswer(encodeSerialFrame(5, Uint8Array.of(3, 4, 1, 2, 3, 4)), request)).toEqual({ start: 0, end: 9 });
  });

  it('takes the refusal of the unit that was asked only', () => {
    const request: ReadRequest = { unit: 5, fn: 3, address: 0, count: 2 };
    expect(findAnswer(encodeSerialFrame(5, Uint8Array.of(0x83, 2)), request)).toEqual({ start: 0, end: 5 });
    expect(findAnswer(encodeSerialFrame(6, Uint8Array.of(0x83, 2)), request)).toBeNull();
    expect(findAnswer(encodeSerialFrame(5, Uint8Array.of(0x84, 2)), request)).toBeNull();
    expect(findAnswer(encodeSerialFrame(5, Uint8Array.of(0x83, 0)), request)).toBeNull();
  });
});

describe('describeMisfit', () => {
  const request: ReadRequest = { unit: 5, fn: 3, address: 0, count: 2 };
  const spoilt = answerTo(request);
  spoilt[8]! ^= 1;
  it.each([
    ['too short', Uint8Array.of(5, 3), /short/],
    ['another unit', answerTo({ ...request, unit: 6 }), /unit 6/],
    ['another function', answerTo({ ...request, fn: 4 }), /function 4/],
    ['another length', answerTo({ ...request, count: 3 }), /6 data bytes/],
    ['torn', answerTo(request).subarray(0, 7), /broke off/],
    ['spoilt', spoilt, /checksum/],
  ])('names what is wrong: %s', (_, bytes, text) => {
    expect(describeMisfit(bytes, request)).toMatch(text);
  });
});
