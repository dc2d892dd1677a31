import { afterEach, describe, expect, it } from 'vitest';
import {
  SERIAL_CHARACTER_MS as CHARACTER_MS,
  SerialBench,
  SERIAL_STEP_MS as STEP_MS,
  SERIAL_TIMEOUT_MS as TIMEOUT_MS,
} from '../../../test/support/serial-bench.ts';
import { encodeSerialFrame } from './crc.ts';
import type { ReadRequest } from './line.ts';

let bench: SerialBench;
const start = async () => {
  bench = new SerialBench();
  await bench.line.start();
};
afterEach(() => bench.line.stop());

const request = (address: number, count = 2): ReadRequest => ({ unit: 1, fn: 3, address, count });
const firstWord = async (read: Promise<Uint16Array>) => (await read)[0];
const codeOf = (read: Promise<unknown>) => read.then(String, (fault: { code: string }) => fault.code);
const rangeOf = ({ frame }: { frame: Buffer }) => [frame.readUInt16BE(2), frame.readUInt16BE(4)];
const refuse = () => bench.events.onData(encodeSerialFrame(1, Uint8Array.of(0x83, 2)));

async function answered(address: number, count: number): Promise<void> {
  const read = bench.line.read(request(address, count));
  await bench.nextWrite();
  bench.answer(address, count);
  expect(await firstWord(read)).toBe(address);
}

/** A read that times out; `sent` is what goes over the wire for it. */
async function lost(address: number, count: number, sent = [address, count]): Promise<void> {
  const read = codeOf(bench.line.read(request(address, count)));
  expect(rangeOf(await bench.nextWrite())).toEqual(sent);
  await bench.clock.advance(TIMEOUT_MS + 50);
  expect(await read).toBe('DEVICE_SILENT');
}

/** A read that listens for a time-out and fails, without being sent. */
async function heldBack(address: number, count: number): Promise<void> {
  const before = bench.written.length;
  const read = codeOf(bench.line.read(request(address, count)));
  const waitMs = 256 * CHARACTER_MS + TIMEOUT_MS + 10;
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 1) await bench.clock.advance(1);
  expect(await read).toBe('DEVICE_SILENT');
  expect(bench.written).toHaveLength(before);
}

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

  it('has a read that was answered before for the barrier', async () => {
    await start();
    await answered(400, 5);
    await lost(100, 3);
    const next = bench.line.read(request(100, 3));
    expect(rangeOf(await bench.nextWrite())).toEqual([400, 5]);
    bench.answer(400, 5);
    expect(rangeOf(await bench.nextWrite())).toEqual([100, 3]);
    bench.answer(100, 3);
    expect(await firstWord(next)).toBe(100);
  });

  it('leaves out a barrier that is no longer answered', async () => {
    await start();
    await answered(400, 5);
    await lost(100, 3);
    await lost(100, 3, [400, 5]);
    await lost(100, 3, [100, 2]);
  });

  it('takes no refusal for its own while another answer of the unit is owed', async () => {
    await start();
    await lost(100, 3);
    const next = codeOf(bench.line.read(request(200)));
    await bench.nextWrite();
    refuse(); // to the first, late
    expect(await next).toBe('DEVICE_GARBLED');
    const again = bench.line.read(request(200));
    expect(rangeOf(await bench.nextWrite())).toEqual([200, 1]);
    bench.answer(200, 2); // to the second, late
    bench.answer(200, 1);
    await bench.nextWrite();
    bench.answer(200, 2);
    expect(await firstWord(again)).toBe(200);
    const refused = codeOf(bench.line.read(request(300)));
    await bench.nextWrite();
    refuse();
    expect(await refused).toBe('DEVICE_EXCEPTION');
  });
});

describe('a unit that says nothing to any read but its own', () => {
  /** until the same is asked again without a barrier */
  const OUT_OF_TIME_MS = 5 * TIMEOUT_MS;

  it('is asked the same again when the answer is out of time, and by no second barrier', async () => {
    await start();
    await answered(100, 3);
    await lost(100, 3);
    const lostMs = bench.clock.mono;
    await lost(100, 3, [100, 2]);
    await heldBack(100, 3);
    await bench.clock.advance(TIMEOUT_MS / 2);
    const next = bench.line.read(request(100, 3));
    const { atMs, frame } = await bench.nextWrite();
    expect(frame.readUInt16BE(4)).toBe(3);
    expect(atMs - lostMs).toBeGreaterThan(OUT_OF_TIME_MS - 100);
    bench.answer(100, 3);
    expect(await firstWord(next)).toBe(100);
    await lost(100, 3);
    await heldBack(100, 3);
  });

  it('may answer within that time: the answer is dropped, and the same asked at once', async () => {
    await start();
    await lost(100, 3);
    const lostMs = bench.clock.mono;
    await lost(100, 3, [100, 2]);
    await bench.clock.advance(OUT_OF_TIME_MS - TIMEOUT_MS - (bench.clock.mono - lostMs));
    const next = bench.line.read(request(100, 3));
    await bench.clock.advance(20);
    bench.answer(700, 3); // the late one
    await bench.nextWrite();
    bench.answer(100, 3);
    expect(await firstWord(next)).toBe(100);
  });

  it('is waited for twice as long as its latest answer was late', async () => {
    await start();
    await lost(100, 3);
    await lost(100, 3, [100, 2]);
    await bench.clock.advance(OUT_OF_TIME_MS);
    const slow = bench.line.read(request(100, 3));
    await bench.nextWrite();
    bench.answer(100, 3);
    await slow;
    await lost(100, 3);
    await bench.clock.advance(3_000);
    bench.answer(100, 3); // three seconds late
    await answered(100, 3);
    await lost(100, 3);
    await bench.clock.advance(5_000);
    await heldBack(100, 3);
    await bench.clock.advance(1_000);
    await answered(100, 3);
  });
});
