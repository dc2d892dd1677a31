import { isLimpidError, type LimpidError } from '@limpid/sdk/core';
import type { Line, ReadRequest } from '@limpid/sdk/modbus';
import { afterEach, describe, expect, it } from 'vitest';
import type { WireFault } from '../../simulators/src/wire/index.ts';
import { type BenchOptions, LINE_KINDS, type LineBench, openLineBench } from '../support/line-bench.ts';

/** long enough for a busy machine, short enough to wait for; where nothing is to time out, it is not near */
const TIMEOUT_MS = 150;
const AMPLE_MS = 3_000;

describe.each(LINE_KINDS)('a line of kind %s', (kind) => {
  let bench: LineBench | undefined;
  const open = async (options: BenchOptions = {}) => {
    bench = await openLineBench(kind, { timeoutMs: TIMEOUT_MS, ...options });
    return bench;
  };
  const withFaults = async (...faults: (WireFault | WireFault[])[]) => {
    const opened = await open();
    for (const fault of faults.reverse()) opened.server().faults.set(fault, { times: 1 });
    return opened.line;
  };
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });

  it('reads registers and bits of every function', async () => {
    const { line } = await open({ timeoutMs: AMPLE_MS });
    expect(await registers(line, 100, 3)).toEqual([100, 101, 102]);
    expect([...(await line.read({ unit: 247, fn: 4, address: 7, count: 125 }))]).toHaveLength(125);
    expect([...(await line.read({ unit: 1, fn: 1, address: 2, count: 5 }))]).toEqual([0, 1, 0, 0, 1]);
    expect(await line.read({ unit: 1, fn: 2, address: 0, count: 2000 })).toHaveLength(2000);
  });

  it('gives each of many callers at once its own answer, in order', async () => {
    const { line } = await open({ timeoutMs: AMPLE_MS });
    const addresses = Array.from({ length: 20 }, (_, index) => index * 100);
    const done: number[] = [];
    const answers = await Promise.all(
      addresses.map(async (address) => {
        const [word] = await registers(line, address, 2);
        done.push(address);
        return word;
      }),
    );
    expect(answers).toEqual(addresses);
    expect(done).toEqual(addresses);
  });

  it('drops an answer that comes while nobody waits', async () => {
    const line = await withFaults({ kind: 'delay', ms: TIMEOUT_MS + 30 });
    expect(await firstWords(line, [100, 'pause', 200, 300])).toEqual(['DEVICE_SILENT', 200, 300]);
  });

  it('never takes a late answer for the next request', async () => {
    const line = await withFaults({ kind: 'delay', ms: TIMEOUT_MS + 60 }, { kind: 'delay', ms: 15 });
    expect(await firstWords(line, [100, 200, 300])).toEqual(['DEVICE_SILENT', 200, 300]);
  });

  it('never takes a late answer for the next request of another length', async () => {
    const line = await withFaults({ kind: 'delay', ms: TIMEOUT_MS + 60 });
    const results = [await outcome(line, { address: 100, count: 8 }), await outcome(line, { address: 200 })];
    expect([...results, await outcome(line, { address: 300 })]).toEqual(['DEVICE_SILENT', 200, 300]);
  });

  it('never takes an answer that is later than the wait after a time-out, even of one register', async () => {
    const line = await withFaults({ kind: 'delay', ms: 2.5 * TIMEOUT_MS });
    const results = [];
    for (const address of [100, 200, 300, 400, 500]) results.push(await outcome(line, { address, count: 1 }));
    expect(wrongOnes(results, [null, 200, 300, 400, 500])).toEqual([]);
    expect(results.at(-1)).toBe(500);
  });

  it('keeps answers apart when a device falls behind for several requests', async () => {
    const slow: WireFault = { kind: 'delay', ms: 1.6 * TIMEOUT_MS };
    const line = await withFaults(slow, slow, slow, slow, slow);
    const addresses = Array.from({ length: 12 }, (_, index) => 100 * (index + 1));
    const results = [];
    for (const address of addresses) results.push(await outcome(line, { address }));
    expect(wrongOnes(results, addresses)).toEqual([]);
    expect(results.at(-1)).toBe(1200);
  });

  it.each<[string, WireFault | WireFault[]]>([
    ['torn answer', { kind: 'torn', bytes: 6 }],
    ['answer from another unit', { kind: 'wrong-unit' }],
    ['answer to another function', { kind: 'wrong-function' }],
    ['answer with too few registers', { kind: 'wrong-count' }],
    ['answer with a wrong checksum or number', { kind: 'bad-crc' }],
  ])('refuses a %s and is right again afterwards', async (_, fault) => {
    const line = await withFaults(fault);
    const results = await firstWords(line, [100, 200, 300]);
    expect(['DEVICE_SILENT', 'DEVICE_GARBLED']).toContain(results[0]);
    expect(results.slice(1)).toEqual([200, 300]);
    expect(line.usage().timeouts).toBe(1);
  });

  it('puts an answer together that comes in pieces', async () => {
    const line = await withFaults({ kind: 'split', bytes: 1, gapMs: 3 });
    expect(await registers(line, 100, 4)).toEqual([100, 101, 102, 103]);
  });

  it('finds the answer behind another unit’s', async () => {
    const line = await withFaults({ kind: 'foreign-first' });
    expect(await firstWords(line, [100])).toEqual([100]);
    expect(line.usage().garbled).toBeGreaterThan(0);
  });

  it('tells silence from a refusal, and names the exception', async () => {
    const opened = await open();
    const { line } = opened;
    opened.server().faults.set({ kind: 'silence' }, { times: 1 });
    expect(await outcome(line, { address: 100 })).toBe('DEVICE_SILENT');
    expect(await outcome(line, { address: 200 })).toBe(200);
    const fault = await faultOf(line.read({ unit: 1, fn: 3, address: 60_000, count: 10 }));
    expect(fault.code).toBe('DEVICE_EXCEPTION');
    expect(fault.params).toMatchObject({ unit: 1, exception: 2, address: 60_000, last: 60_009 });
    expect(line.usage()).toMatchObject({ timeouts: 1, exceptions: 1, open: true });
  });

  it('waits only as long as asked for one read', async () => {
    const line = await withFaults({ kind: 'silence' });
    const fault = await faultOf(line.read({ unit: 1, fn: 3, address: 1, count: 1 }, { timeoutMs: 20 }));
    expect(fault.params).toMatchObject({ timeoutMs: 20 });
  });

  it('refuses what is no Modbus request before it is sent', async () => {
    const { line, server } = await open();
    for (const request of [
      { unit: 1, fn: 3, address: 0, count: 126 },
      { unit: 1, fn: 1, address: 0, count: 2001 },
      { unit: 256, fn: 3, address: 0, count: 1 },
      { unit: 1, fn: 3, address: 65_535, count: 2 },
      { unit: 1, fn: 3, address: 0.5, count: 1 },
    ] as const) {
      expect((await faultOf(line.read(request))).code).toBe('REQUEST_INVALID');
    }
    expect(server().requests).toBe(0);
  });

  it('says that it is gone, fails at once meanwhile, and comes back by itself', async () => {
    const { line, unplug, replug } = await open({ timeoutMs: AMPLE_MS });
    expect(await outcome(line, { address: 100 })).toBe(100);
    await unplug();
    const codes = new Set<unknown>();
    for (let tries = 0; tries < 3; tries += 1) codes.add(await outcome(line, { address: 100 }));
    expect([...codes].filter((code) => !String(code).startsWith('LINE_'))).toEqual([]);
    expect(line.usage().open).toBe(false);
    await replug();
    await expect.poll(() => outcome(line, { address: 200 }), { timeout: 3_000, interval: 5 }).toBe(200);
  });

  it('opens again what may be dead, and tells the silence of a device from the loss of a line', async () => {
    const { line, server } = await open({ timeoutMs: 20 });
    server().faults.set({ kind: 'silence' });
    const results = await firstWords(line, [1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(results)).toEqual(new Set(['DEVICE_SILENT']));
    server().faults.clear();
    await expect.poll(() => outcome(line, { address: 200 }), { timeout: 3_000, interval: 5 }).toBe(200);
  });

  it('settles every waiter when it is stopped, twice', async () => {
    const opened = await open();
    opened.server().faults.set({ kind: 'silence' });
    const waiting = [1, 2, 3].map((address) => outcome(opened.line, { address }));
    await opened.line.stop();
    await opened.line.stop();
    expect(await Promise.all(waiting)).toEqual(['STOPPED', 'STOPPED', 'STOPPED']);
    expect(await outcome(opened.line, { address: 4 })).toBe('STOPPED');
    expect(opened.line.usage().open).toBe(false);
  });

  it('lets one caller give up without disturbing the others', async () => {
    const opened = await open({ timeoutMs: AMPLE_MS });
    opened.server().faults.set({ kind: 'delay', ms: 30 }, { times: 1 });
    const { line } = opened;
    const giveUp = new AbortController();
    const request: ReadRequest = { unit: 1, fn: 3, address: 100, count: 2 };
    const first = faultOf(line.read(request, { signal: giveUp.signal }));
    const queued = faultOf(line.read(request, { signal: giveUp.signal }));
    const other = outcome(line, { address: 200 });
    giveUp.abort();
    expect((await first).code).toBe('STOPPED');
    expect((await queued).code).toBe('STOPPED');
    expect(await other).toBe(200);
    expect(opened.server().requests).toBe(2);
  });

  it('measures what a request costs', async () => {
    const { line } = await open({ timeoutMs: AMPLE_MS });
    for (let address = 0; address < 20; address += 1) await registers(line, address, 2);
    expect(line.usage()).toMatchObject({ requests: 20, answers: 20, timeouts: 0, garbled: 0 });
    expect(line.usage().lastAnswerMs).toBeGreaterThan(0);
    expect(line.cost.perRequestMs).toBeGreaterThan(0);
    expect(line.cost.perRegisterMs).toBeGreaterThan(0);
  });
});

describe.each(['rtu', 'rtu-over-tcp'] as const)('serial frames on a line of kind %s', (kind) => {
  let bench: LineBench | undefined;
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });

  it.each<[string, WireFault]>([
    ['before', { kind: 'noise-before', bytes: 5 }],
    ['behind', { kind: 'noise-after', bytes: 5 }],
  ])('takes the answer with noise %s it', async (_, fault) => {
    bench = await openLineBench(kind, { timeoutMs: AMPLE_MS });
    bench.server().faults.set(fault);
    expect(await firstWords(bench.line, [100, 200])).toEqual([100, 200]);
    await bench.line.read({ unit: 1, fn: 3, address: 1, count: 1 });
    expect(bench.line.usage().garbled).toBeGreaterThanOrEqual(10);
  });

  it.each([true, false])('takes no echo for an answer (configured: %s)', async (echo) => {
    bench = await openLineBench(kind, { echo, timeoutMs: AMPLE_MS });
    bench.server().faults.set({ kind: 'echo' });
    const { line } = bench;
    // These echoes are valid answers: 19 bits from 0x0300 have a byte count of 3.
    const bits = [...(await line.read({ unit: 1, fn: 1, address: 0x300, count: 19 }))];
    expect(bits).toEqual(Array.from({ length: 19 }, (_, index) => Number((0x300 + index) % 3 === 0)));
    expect(await firstWords(line, [100, 0x400, 0x401])).toEqual([100, 0x400, 0x401]);
    expect(line.usage().garbled).toBe(0);
  });

  it('says silence when only the echo comes back', async () => {
    bench = await openLineBench(kind, { timeoutMs: 50 });
    bench.server().faults.set([{ kind: 'silence' }, { kind: 'echo' }]);
    expect(await outcome(bench.line, { fn: 1, address: 0x300, count: 19 })).toBe('DEVICE_SILENT');
  });

  it('asks another unit right after a time-out, and never hears the first one in its place', async () => {
    bench = await openLineBench(kind, { timeoutMs: TIMEOUT_MS });
    bench.server().faults.set({ kind: 'delay', ms: TIMEOUT_MS + 50 }, { unit: 1 });
    const results = [await outcome(bench.line, { address: 100 }), await outcome(bench.line, { unit: 2, address: 200 })];
    expect(results).toEqual(['DEVICE_SILENT', 200]);
  });

  it('takes no refusal for its own while the unit owes another answer', async () => {
    bench = await openLineBench(kind, { timeoutMs: TIMEOUT_MS });
    bench.server().faults.set({ kind: 'silence' }, { times: 1 });
    expect(await outcome(bench.line, { address: 100 })).toBe('DEVICE_SILENT');
    expect(await outcome(bench.line, { address: 60_000, count: 10 })).toBe('DEVICE_GARBLED');
    expect(await outcome(bench.line, { address: 200 })).toBe(200);
    expect(await outcome(bench.line, { address: 60_000, count: 10 })).toBe('DEVICE_EXCEPTION');
  });

  it('keeps the silence before every request', async () => {
    bench = await openLineBench(kind, { baudRate: 19_200, timeoutMs: AMPLE_MS });
    for (let address = 0; address < 30; address += 1) await registers(bench.line, address, 1 + (address % 4));
    expect(bench.server().requests).toBe(30);
    expect(bench.server().early).toBe(0);
  });
});

type Wanted = Partial<ReadRequest>;

async function registers(line: Line, address: number, count: number): Promise<number[]> {
  return [...(await line.read({ unit: 1, fn: 3, address, count }))];
}

/** The first word, or the code of the fault. */
async function outcome(line: Line, wanted: Wanted): Promise<number | string | undefined> {
  try {
    return (await line.read({ unit: 1, fn: 3, address: 0, count: 2, ...wanted }))[0];
  } catch (fault) {
    if (isLimpidError(fault)) return fault.code;
    throw fault;
  }
}

async function firstWords(line: Line, steps: (number | 'pause')[]): Promise<(number | string | undefined)[]> {
  const results: (number | string | undefined)[] = [];
  for (const step of steps) {
    if (step !== 'pause') results.push(await outcome(line, { address: step }));
    else await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS));
  }
  return results;
}

function wrongOnes(results: unknown[], wanted: (number | null)[]): unknown[] {
  return results.filter((result, index) => typeof result === 'number' && result !== wanted[index]);
}

async function faultOf(read: Promise<unknown>): Promise<LimpidError> {
  const fault = await read.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isLimpidError(fault)) return fault;
  throw new Error(`not refused: ${String(fault)}`);
}
