import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteStream } from './byte-stream.ts';
import { answerPdu, type ModbusUnit, type WriteFunction } from './modbus-unit.ts';
import { serveRtu, serveRtuOverTcp } from './serve-rtu.ts';
import { FaultSwitch, type WireFault } from './wire-fault.ts';

const unit: ModbusUnit = {
  read: (_, address, count) => Uint16Array.from({ length: count }, (__, index) => (address + index) & 0xffff),
};

describe('answerPdu', () => {
  it('answers or refuses whatever comes, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 253 }), (pdu) => {
        const answer = answerPdu(unit, pdu);
        expect((answer[0]! & 0x7f) === ((pdu[0] ?? 0) & 0x7f)).toBe(true);
        expect(answer.length).toBeLessThanOrEqual(253);
      }),
    );
  });

  it('hands over what is written: one coil, one register, several of each', () => {
    const written: [WriteFunction, number, number[]][] = [];
    const writable: ModbusUnit = {
      ...unit,
      write: (fn, address, values) => {
        written.push([fn, address, [...values]]);
        return address === 9 ? 2 : undefined;
      },
    };
    expect([...answerPdu(writable, Uint8Array.of(5, 0, 1, 0xff, 0))]).toEqual([5, 0, 1, 0xff, 0]);
    expect([...answerPdu(writable, Uint8Array.of(6, 0, 2, 1, 2))]).toEqual([6, 0, 2, 1, 2]);
    expect([...answerPdu(writable, Uint8Array.of(15, 0, 3, 0, 3, 1, 5))]).toEqual([15, 0, 3, 0, 3]);
    expect([...answerPdu(writable, Uint8Array.of(16, 0, 9, 0, 1, 2, 0, 7))]).toEqual([0x90, 2]);
    expect(written).toEqual([
      [5, 1, [1]],
      [6, 2, [0x102]],
      [15, 3, [1, 0, 1]],
      [16, 9, [7]],
    ]);
    expect([...answerPdu(unit, Uint8Array.of(6, 0, 2, 1, 2))]).toEqual([0x86, 1]);
  });
});

describe('FaultSwitch', () => {
  const silence: WireFault = { kind: 'silence' };
  const late: WireFault = { kind: 'delay', ms: 5 };

  it('holds until it is cleared, or for so many answers; the newest first', () => {
    const faults = new FaultSwitch();
    faults.set(silence);
    faults.set([late, silence], { times: 1 });
    expect([faults.take(1), faults.take(1), faults.take(2)]).toEqual([[late, silence], [silence], [silence]]);
    faults.clear();
    expect(faults.take(1)).toEqual([]);
  });

  it('can be meant for one unit', () => {
    const faults = new FaultSwitch();
    faults.set(late, { unit: 7 });
    expect([faults.take(1), faults.take(7)]).toEqual([[], [late]]);
    faults.clear(7);
    expect(faults.take(7)).toEqual([]);
  });
});

describe('serveRtu', () => {
  it('survives any bytes', () => {
    const listeners: ((bytes: Uint8Array) => void)[] = [];
    const stream: ByteStream = {
      onData: (each) => {
        listeners.push(each);
        return () => undefined;
      },
      write: () => undefined,
      close: async () => undefined,
    };
    const server = serveRtu({ stream, baudRate: 0, units: new Map([[1, unit]]) });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => listeners.forEach((each) => void each(bytes))));
    expect(listeners).toHaveLength(1);
    expect(server.early).toBe(0);
  });

  it('closes twice without harm', async () => {
    const server = await serveRtuOverTcp({ baudRate: 0, units: new Map() });
    expect(server.port).toBeGreaterThan(0);
    await server.close();
    await server.close();
  });
});
