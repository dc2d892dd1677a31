import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { encodeSerialFrame } from './crc.ts';
import { createLine, type RtuLineOptions } from './create-line.ts';
import type { Line, ReadRequest } from './line.ts';
import type { TransportEvents } from './transport.ts';

const TIMEOUT_MS = 300;
const CHARACTER_MS = 10 / 9.6;
const SILENCE_MS = 3.5 * CHARACTER_MS;
/** what the steps of the clock blur */
const STEP_MS = 0.1;

class Bench {
  readonly clock = new FakeClock();
  readonly written: { atMs: number; frame: Buffer }[] = [];
  flushes = 0;
  events: TransportEvents = { onData: () => undefined, onLost: () => undefined };
  readonly line: Line;

  constructor(options: Partial<RtuLineOptions> = {}) {
    const openSerial = () => async (events: TransportEvents) => {
      this.events = events;
      return {
        writeDelayMs: 0,
        write: (frame: Buffer) => void this.written.push({ atMs: this.clock.mono, frame: Buffer.from(frame) }),
        flush: async () => {
          this.flushes += 1;
        },
        close: async () => undefined,
      };
    };
    const format = { baudRate: 9_600, parity: 'none', dataBits: 8, stopBits: 1 } as const;
    this.line = createLine(
      { type: 'rtu', name: 'rs485', path: 'fake', timeoutMs: TIMEOUT_MS, ...format, ...options },
      { clock: this.clock, random: () => 0, openSerial },
    );
  }

  /** Moves the clock until one more request is out. */
  async nextWrite(): Promise<{ atMs: number; frame: Buffer }> {
    const before = this.written.length;
    for (let steps = 0; this.written.length === before; steps += 1) {
      if (steps > 20_000) throw new Error('nothing was written');
      await this.#step();
    }
    return this.written.at(-1)!;
  }

  async #step(): Promise<void> {
    await this.clock.advance(STEP_MS);
  }

  receive(...bytes: number[]): void {
    this.events.onData(Buffer.from(bytes));
  }

  answer(first: number, count: number, unit = 1): void {
    const data = Array.from({ length: count }, (_, index) => [(first + index) >> 8, (first + index) & 0xff]).flat();
    this.events.onData(encodeSerialFrame(unit, Uint8Array.of(3, data.length, ...data)));
  }
}

let bench: Bench;
const start = async (options: Partial<RtuLineOptions> = {}) => {
  bench = new Bench(options);
  await bench.line.start();
  return bench;
};
afterEach(() => bench.line.stop());

const request = (address: number, count = 2): ReadRequest => ({ unit: 1, fn: 3, address, count });
const firstWord = async (read: Promise<Uint16Array>) => (await read)[0];
const codeOf = (read: Promise<unknown>) => read.then(String, (fault: { code: string }) => fault.code);

describe('the silence before a request', () => {
  it.each([
    { baudRate: 9_600, silenceMs: SILENCE_MS },
    { baudRate: 115_200, silenceMs: 1.75 },
  ])('is kept after the answer and not much longer ($baudRate Bd)', async ({ baudRate, silenceMs }) => {
    await start({ baudRate });
    const first = bench.line.read(request(100));
    const second = bench.line.read(request(200));
    await bench.nextWrite();
    await bench.clock.advance(20);
    bench.answer(100, 2);
    const answeredMs = bench.clock.mono;
    expect(await firstWord(first)).toBe(100);
    const silentMs = (await bench.nextWrite()).atMs - answeredMs;
    expect(silentMs).toBeGreaterThanOrEqual(silenceMs);
    expect(silentMs).toBeLessThanOrEqual(silenceMs + 2 * STEP_MS);
    bench.answer(200, 2);
    expect(await firstWord(second)).toBe(200);
  });

  it('is longer by the turnaround that a device needs', async () => {
    await start({ turnaroundMs: 30 });
    const openMs = bench.clock.mono;
    const read = bench.line.read(request(100));
    expect((await bench.nextWrite()).atMs - openMs).toBeGreaterThanOrEqual(SILENCE_MS + 30);
    bench.answer(100, 2);
    await read;
  });

  it('may be longer than the time-out', async () => {
    await start({ turnaroundMs: 2 * TIMEOUT_MS });
    const read = bench.line.read(request(100));
    const next = bench.line.read(request(200));
    await bench.nextWrite();
    bench.answer(100, 2);
    expect(await firstWord(read)).toBe(100);
    await bench.nextWrite();
    bench.answer(200, 2);
    expect(await firstWord(next)).toBe(200);
  });

  it('begins anew with every byte, and a line that is never silent is reported', async () => {
    await start();
    const read = codeOf(bench.line.read(request(100)));
    for (let sentMs = 0; sentMs < TIMEOUT_MS + 10; sentMs += 2) {
      bench.receive(0x55);
      await bench.clock.advance(2);
    }
    expect(await read).toBe('DEVICE_GARBLED');
    expect(bench.written).toEqual([]);
  });
});

describe('after a time-out', () => {
  it('keeps the line closed for the longest answer, then flushes the port', async () => {
    await start();
    const silent = codeOf(bench.line.read(request(100)));
    await bench.nextWrite();
    const next = bench.line.read({ ...request(200), unit: 2 });
    await bench.clock.advance(TIMEOUT_MS + 20 * CHARACTER_MS);
    expect(await silent).toBe('DEVICE_SILENT');
    const timedOutMs = bench.written[0]!.atMs + (8 + 9) * CHARACTER_MS + TIMEOUT_MS;
    const atMs = (await bench.nextWrite()).atMs;
    expect(atMs - timedOutMs).toBeGreaterThanOrEqual(256 * CHARACTER_MS - STEP_MS);
    expect(bench.flushes).toBe(1);
    bench.answer(200, 2, 2);
    expect(await firstWord(next)).toBe(200);
  });

  it('drops the late answer and goes on without asking anything else', async () => {
    await start();
    const silent = codeOf(bench.line.read(request(100)));
    await bench.nextWrite();
    const next = bench.line.read(request(200));
    await bench.clock.advance(TIMEOUT_MS + 50);
    expect(await silent).toBe('DEVICE_SILENT');
    bench.answer(100, 2);
    expect([...(await bench.nextWrite()).frame.subarray(2, 6)]).toEqual([0, 200, 0, 2]);
    bench.answer(200, 2);
    expect(await firstWord(next)).toBe(200);
    expect(bench.line.usage().garbled).toBe(9);
  });

  it('asks for another length first when the late answer was not seen', async () => {
    await start();
    const silent = codeOf(bench.line.read(request(100)));
    await bench.nextWrite();
    const next = bench.line.read(request(200));
    await bench.clock.advance(TIMEOUT_MS + 50);
    expect(await silent).toBe('DEVICE_SILENT');
    expect([...(await bench.nextWrite()).frame.subarray(2, 6)]).toEqual([0, 200, 0, 1]);
    bench.answer(100, 2); // the late one
    bench.answer(200, 1);
    expect([...(await bench.nextWrite()).frame.subarray(2, 6)]).toEqual([0, 200, 0, 2]);
    bench.answer(200, 2);
    expect(await firstWord(next)).toBe(200);
  });

  it('takes no late exception for the answer that is still owed', async () => {
    await start();
    const first = codeOf(bench.line.read(request(100, 3)));
    await bench.nextWrite();
    const second = codeOf(bench.line.read(request(200)));
    await bench.clock.advance(TIMEOUT_MS + 50);
    expect(await first).toBe('DEVICE_SILENT');
    await bench.nextWrite();
    await bench.clock.advance(TIMEOUT_MS + 50);
    expect(await second).toBe('DEVICE_SILENT');
    bench.events.onData(encodeSerialFrame(1, Uint8Array.of(0x83, 2))); // to the first
    const third = bench.line.read(request(300));
    expect((await bench.nextWrite()).frame.readUInt16BE(4)).toBe(1);
    bench.answer(200, 2); // to the second
    bench.answer(300, 1);
    await bench.nextWrite();
    bench.answer(300, 2);
    expect(await firstWord(third)).toBe(300);
  });

  it('costs a silent unit one time-out a read, however often it is asked', async () => {
    await start();
    for (let tries = 0; tries < 4; tries += 1) {
      const silent = codeOf(bench.line.read(request(100, 3)));
      await bench.nextWrite();
      await bench.clock.advance(TIMEOUT_MS + 50);
      expect(await silent).toBe('DEVICE_SILENT');
    }
    expect(bench.written).toHaveLength(4);
    expect(new Set(bench.written.map(({ frame }) => frame.readUInt16BE(4))).size).toBe(4);
  });
});

describe('an answer', () => {
  it('has its time on the wire besides the time-out', async () => {
    await start({ timeoutMs: 20 });
    const read = bench.line.read(request(100, 125));
    await bench.nextWrite();
    await bench.clock.advance(8 * CHARACTER_MS + 20 + 250 * CHARACTER_MS);
    bench.answer(100, 125);
    expect(await firstWord(read)).toBe(100);
    expect(bench.line.usage()).toMatchObject({ answers: 1, timeouts: 0 });
  });

  it('that nobody asked for is dropped and counted', async () => {
    await start();
    await bench.clock.advance(10);
    bench.answer(900, 2);
    await bench.clock.advance(10);
    const read = bench.line.read(request(100));
    await bench.nextWrite();
    await settle();
    bench.answer(100, 2);
    expect(await firstWord(read)).toBe(100);
    expect(bench.line.usage().garbled).toBe(9);
  });

  it('is measured into the cost of the line, steadily', async () => {
    await start();
    const assumedMs = bench.line.cost.perRequestMs;
    for (let round = 0; round < 40; round += 1) {
      const read = bench.line.read(request(100));
      await bench.nextWrite();
      await bench.clock.advance(17 * CHARACTER_MS + SILENCE_MS + 40);
      bench.answer(100, 2);
      await read;
    }
    expect(bench.line.cost.perRequestMs - assumedMs).toBeGreaterThan(25);
    expect(bench.line.cost.perRequestMs - assumedMs).toBeLessThan(36);
  });
});
