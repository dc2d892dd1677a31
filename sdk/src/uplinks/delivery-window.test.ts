import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeliveryWindow } from './delivery-window.ts';

describe('DeliveryWindow with receipts', () => {
  it('takes nothing over when the broker acknowledges', () => {
    const window = new DeliveryWindow(0, true);
    const sending = window.send(5, 100);
    expect(window.acknowledge(sending)).toBe(false);
    expect(window.taken).toBe(0);
    expect(window.outstanding).toBe(1);
  });

  it('takes over what a receipt covers, also the middle of a message', () => {
    const window = new DeliveryWindow(0, true);
    window.send(5, 100);
    window.send(9, 100);
    expect(window.receipt(7)).toBe(true);
    expect(window.taken).toBe(7);
    expect(window.outstanding).toBe(1);
    expect(window.receipt(7)).toBe(false);
  });

  it('jumps forward when the far end has more than was sent', () => {
    const window = new DeliveryWindow(0, true);
    window.receipt(40);
    expect(window.cursor).toBe(40);
  });

  it('has no room beyond its bytes, and for one message only while probing', () => {
    const window = new DeliveryWindow(0, true);
    window.send(1, 100);
    expect(window.hasRoom(101)).toBe(true);
    expect(window.hasRoom(100)).toBe(false);
    window.goBack(0);
    window.probing = true;
    expect(window.hasRoom(100)).toBe(true);
    window.send(1, 10);
    expect(window.hasRoom(100)).toBe(false);
    window.receipt(1);
    window.send(2, 10);
    expect(window.hasRoom(100)).toBe(true);
  });

  it('counts what is sent again apart from what is new', () => {
    const window = new DeliveryWindow(10, true);
    window.send(15, 1);
    window.goBack(12);
    window.send(18, 1);
    expect(window).toMatchObject({ sent: 8, resent: 3, cursor: 18 });
  });
});

describe('DeliveryWindow without receipts', () => {
  it('takes over only what is acknowledged without a hole', () => {
    const window = new DeliveryWindow(0, false);
    const [first, second, third] = [window.send(1, 1), window.send(2, 1), window.send(3, 1)];
    expect(window.acknowledge(second)).toBe(false);
    expect(window.taken).toBe(0);
    expect(window.acknowledge(first)).toBe(true);
    expect(window.taken).toBe(2);
    window.goBack(2);
    expect(window.acknowledge(third)).toBe(false);
    expect(window.taken).toBe(2);
  });
});

type Step = { send: number } | { ack: number } | { receipt: number } | { back: true };

const step = fc.oneof(
  fc.record({ send: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ ack: fc.nat(20) }),
  fc.record({ receipt: fc.nat(60) }),
  fc.record({ back: fc.constant(true as const) }),
);

describe('DeliveryWindow whatever happens', () => {
  it('never takes over more than was receipted, never skips an entry, and counts every entry once as new', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps: Step[]) => {
        const window = new DeliveryWindow(0, true);
        const sendings: ReturnType<DeliveryWindow['send']>[] = [];
        let highest = 0;
        let receipted = 0;
        for (const one of steps) {
          if ('send' in one) {
            const sending = window.send(window.cursor + one.send, one.send);
            sendings.push(sending);
            highest = Math.max(highest, sending.end);
          } else if ('ack' in one) {
            const sending = sendings[one.ack % Math.max(1, sendings.length)];
            if (sending) window.acknowledge(sending);
          } else if ('receipt' in one) {
            const size = Math.min(one.receipt, highest);
            window.receipt(size);
            receipted = Math.max(receipted, size);
          } else window.goBack(window.taken);
          expect(window.taken).toBe(receipted);
          expect(window.cursor).toBeGreaterThanOrEqual(window.taken);
          expect(window.cursor).toBeLessThanOrEqual(highest);
        }
        expect(window.sent).toBe(highest);
      }),
    );
  });
});
