import { afterEach, describe, expect, it } from 'vitest';
import { settle } from '../../../test/support/fake-clock.ts';
import {
  SERIAL_CHARACTER_MS as CHARACTER_MS,
  SerialBench,
  SERIAL_STEP_MS as STEP_MS,
  SERIAL_TIMEOUT_MS as TIMEOUT_MS,
} from '../../../test/support/serial-bench.ts';
import type { RtuLineOptions } from './create-line.ts';
import type { ReadRequest } from './line.ts';

const SILENCE_MS = 3.5 * CHARACTER_MS;

let bench: SerialBench;
const start = async (options: Partial<RtuLineOptions> = {}) => {
  bench = new SerialBench(options);
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
