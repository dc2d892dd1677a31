import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSerialFrame } from './crc.ts';
import { LateAnswers } from './late-answers.ts';
import type { ReadRequest } from './line.ts';

const FORGET_MS = 10_000;
const request = (count: number, change: Partial<ReadRequest> = {}): ReadRequest => ({
  unit: 1,
  fn: 3,
  address: 100,
  count,
  ...change,
});

/** What a unit says to a read of so many registers. */
const answer = (count: number) => encodeSerialFrame(1, Uint8Array.of(3, 2 * count, ...new Uint8Array(2 * count)));

describe('LateAnswers', () => {
  it('suspects what has the shape of a request that timed out, for this unit only', () => {
    const late = new LateAnswers(FORGET_MS);
    late.timedOut(request(2), 0);
    expect(late.couldBeLate(request(2, { address: 900 }), 1)).toBe(true);
    expect(late.couldBeLate(request(3), 1)).toBe(false);
    expect(late.couldBeLate(request(2, { fn: 4 }), 1)).toBe(false);
    expect(late.couldBeLate(request(2, { unit: 2 }), 1)).toBe(false);
    expect(late.couldBeLate(request(2), FORGET_MS)).toBe(false);
  });

  it('takes bits that fill the same bytes for the same shape', () => {
    const late = new LateAnswers(FORGET_MS);
    late.timedOut(request(17, { fn: 1 }), 0);
    expect(late.couldBeLate(request(24, { fn: 1 }), 1)).toBe(true);
    expect(late.couldBeLate(request(16, { fn: 1 }), 1)).toBe(false);
  });

  it('is settled by any answer with values, and by the late one when it is seen', () => {
    const late = new LateAnswers(FORGET_MS);
    late.timedOut(request(2), 0);
    late.timedOut(request(4), 0);
    late.heard(1, answer(2), 1);
    expect([late.couldBeLate(request(2), 1), late.couldBeLate(request(4), 1)]).toEqual([false, true]);
    late.answered(request(3));
    expect(late.couldBeLate(request(4), 1)).toBe(false);
  });

  it('is settled up to the late answer that is heard, and owes what was asked after it', () => {
    const late = new LateAnswers(FORGET_MS);
    for (const count of [2, 4, 6]) late.timedOut(request(count), 0);
    late.heard(1, Buffer.concat([Buffer.of(0x55), answer(4)]), 1);
    expect([2, 4, 6].map((count) => late.couldBeLate(request(count), 1))).toEqual([false, false, true]);
    expect(late.barrierFor(request(6), 1)).toEqual(request(4));
    late.heard(1, encodeSerialFrame(1, Uint8Array.of(0x83, 2)), 1);
    expect(late.owes(1, 1)).toBe(false);
  });

  it('takes an exception for the oldest answer that is owed, and then owes its own', () => {
    const late = new LateAnswers(FORGET_MS);
    late.refused(request(1), 0);
    expect(late.couldBeLate(request(1), 1)).toBe(false);
    late.timedOut(request(2), 0);
    late.timedOut(request(4), 0);
    late.refused(request(1), 1);
    expect([2, 4, 1].map((count) => late.couldBeLate(request(count), 2))).toEqual([false, true, true]);
  });

  it('gives a barrier that can be told from everything owed, and asks within the protocol', () => {
    const requests = fc.record({
      fn: fc.constantFrom<1 | 3>(1, 3),
      address: fc.integer({ min: 0, max: 0xffff }),
      count: fc.integer({ min: 1, max: 125 }),
    });
    fc.assert(
      fc.property(requests, fc.array(fc.integer({ min: 1, max: 125 }), { maxLength: 20 }), (base, owed) => {
        const asked = request(Math.min(base.count, 0x10000 - base.address), { fn: base.fn, address: base.address });
        const late = new LateAnswers(FORGET_MS);
        for (const count of owed) late.timedOut(request(count, { fn: base.fn }), 0);
        late.timedOut(asked, 0);
        const barrier = late.barrierFor(asked, 1);
        if (barrier === null) throw new Error('there is always one');
        expect(late.couldBeLate(barrier, 1)).toBe(false);
        expect(barrier.address + barrier.count).toBeLessThanOrEqual(0x10000);
        expect(barrier.count).toBeLessThanOrEqual(base.fn === 1 ? 2000 : 125);
        expect(barrier.count).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('stays within the registers that were asked for, if it can', () => {
    const late = new LateAnswers(FORGET_MS);
    late.timedOut(request(10), 0);
    expect(late.barrierFor(request(10), 1)).toEqual(request(9));
    late.timedOut(request(1), 0);
    expect(late.barrierFor(request(1), 1)).toEqual(request(2));
  });
});
