import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeLine } from '../../../test/support/fake-line.ts';
import { holesBetween, layoutMap } from '../../../test/support/register-layouts.ts';
import { expectTrueWords, faults, field, map, spansOf, steady } from '../../../test/support/register-scan.ts';
import type { DeviceMap } from './field.ts';
import { planCostMs, planReads } from './plan.ts';
import { RegisterReader, type RegisterReaderOptions } from './reader.ts';

let clock: FakeClock;
let line: FakeLine;
beforeEach(() => {
  clock = new FakeClock();
  line = new FakeLine(clock);
});

function readerOf(each: DeviceMap, rest: Partial<RegisterReaderOptions> = {}): RegisterReader {
  return new RegisterReader({ line, unit: 7, map: each, clock, random: () => 0, backoff: steady, ...rest });
}

describe('a refused read', () => {
  it.each(['scatter', 'blocks'] as const)(
    'with ten undeclared holes brings back all 60 values of %s in the first scan and ends at the best plan',
    async (layout) => {
      const each = layoutMap(layout);
      const holes = holesBetween(each.fields, 10);
      line.holes = holes;
      const reader = readerOf(each);
      for (let scan = 0; scan < 2; scan += 1) expectTrueWords(await reader.read(), each.fields);
      for (let scan = 0; scan < 6; scan += 1) await reader.read();
      line.taken();
      await reader.read();
      const forbidden = [...holes].map((hole) => ({ fn: 3 as const, first: hole, last: hole }));
      const best = planReads({ ...each, forbidden }, line.cost);
      expect(planCostMs(reader.plan(), line.cost)).toBeCloseTo(planCostMs(best, line.cost), 9);
      expect(line.taken()).toHaveLength(best.length);
    },
  );

  it('brings back every value within two scans wherever the holes lie, and comes to rest at the best plan', async () => {
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(places, fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }), async (at, holes) => {
        line = new FakeLine(clock);
        const each = map(at.map((address) => field(address)));
        line.holes = new Set(holes.filter((hole) => !at.includes(hole)));
        const reader = readerOf(each);
        expectTrueWords(await reader.read(), each.fields);
        for (let scan = 0; scan < 15; scan += 1) await reader.read();
        const forbidden = [...line.holes].map((hole) => ({ fn: 3 as const, first: hole, last: hole }));
        line.taken();
        await reader.read();
        const best = planReads({ ...each, forbidden }, line.cost);
        expect(line.taken()).toHaveLength(reader.plan().length);
        expect(planCostMs(reader.plan(), line.cost)).toBeCloseTo(planCostMs(best, line.cost), 9);
      }),
      { numRuns: 150 },
    );
  });

  it('is found out at the border of two fields that touch, too', async () => {
    line.override = ({ address, count }) => (address < 4 && address + count > 4 ? 2 : undefined);
    const each = map([field(0, 2), field(2, 2), field(4, 2), field(6, 2)]);
    const reader = readerOf(each);
    expectTrueWords(await reader.read(), each.fields);
    expect(reader.plan().map(({ address, count }) => [address, count])).toEqual([
      [0, 4],
      [4, 4],
    ]);
  });

  it('for its length teaches the length, not a border', async () => {
    line.longest = 40;
    const each = map(Array.from({ length: 50 }, (_, k) => field(2 * k, 2)));
    const reader = readerOf(each);
    expectTrueWords(await reader.read(), each.fields);
    for (let scan = 0; scan < 3; scan += 1) await reader.read();
    line.taken();
    expectTrueWords(await reader.read(), each.fields);
    expect(line.taken().length).toBeLessThanOrEqual(4);
    expect(reader.refusals()).toMatchObject({ refused: [], limit: { registers: expect.any(Number) } });
  });

  it('for its length never cuts a field that is longer than what was found out', async () => {
    line.longest = 100;
    const each = map([...Array.from({ length: 62 }, (_, k) => field(2 * k, 2)), field(300, 90)]);
    const reader = readerOf(each);
    for (let scan = 0; scan < 2; scan += 1) expectTrueWords(await reader.read(), each.fields);
    expect(reader.refusals().limit?.registers).toBe(90);
  });

  it.each([5, 6])('by exception %s is no refusal of its addresses', async (exception) => {
    const reader = readerOf(map([field(0), field(2)]));
    line.override = () => exception;
    expect(faults(await reader.read())).toEqual(['DEVICE_EXCEPTION', 'DEVICE_EXCEPTION']);
    expect(line.taken()).toHaveLength(1);
    expect(reader.refusals().refused).toEqual([]);
    line.override = () => undefined;
    expect(faults(await reader.read())).toEqual([null, null]);
    expect(line.taken()).toHaveLength(1);
  });
});

describe('a refused field', () => {
  const each = map([field(0), field(2), field(4), field(6)]);

  it('fails alone, is bridged no more, and is asked once per back-off period', async () => {
    line.holes = new Set([4]);
    const reader = readerOf(each, { refusalBackoff: { ...steady, initialMs: 10_000 } });
    expect(faults(await reader.read())).toEqual([null, null, 'DEVICE_EXCEPTION', null]);
    line.taken();
    let extra = 0;
    for (let scan = 0; scan < 25; scan += 1) {
      const results = await reader.read();
      expect(results.get('r4+1')).toMatchObject({
        ok: false,
        fault: { params: { exception: 2, address: 4, last: 4 } },
      });
      extra += line.taken().filter(({ address, count }) => address === 4 && count === 1).length;
      clock.mono += 1_000;
    }
    expect(extra).toBe(1);
  });

  it('is read again when the device takes it back, and so are all the others', async () => {
    line.override = () => 2;
    const reader = readerOf(each, { refusalBackoff: { ...steady, initialMs: 10_000 } });
    expect(new Set(faults(await reader.read()))).toEqual(new Set(['DEVICE_EXCEPTION']));
    line.override = () => undefined;
    clock.mono += 10_000;
    await reader.read();
    expectTrueWords(await reader.read(), each.fields);
    expect(reader.refusals().refused).toEqual([]);
  });

  it('is read again whatever was refused inside it meanwhile', async () => {
    line.override = ({ count }) => (count > 2 ? 2 : undefined);
    const nested = map([field(0, 6), field(0, 2), field(2, 2)]);
    const reader = readerOf(nested, { refusalBackoff: { ...steady, initialMs: 10_000 } });
    expect(faults(await reader.read())).toEqual(['DEVICE_EXCEPTION', null, null]);
    expect(reader.refusals().refused.map((each) => each.kind)).toEqual(['field', 'joint']);
    line.override = () => undefined;
    clock.mono += 10_000;
    for (let scan = 0; scan < 2; scan += 1) expectTrueWords(await reader.read(), nested.fields);
    expect(reader.refusals().refused).toEqual([]);
  });

  it('leaves the fields inside it readable', async () => {
    line.override = ({ count }) => (count > 1 ? 2 : undefined);
    const nested = map([field(0, 2), field(0), field(1)]);
    const results = await readerOf(nested).read();
    expectTrueWords(results, [field(0), field(1)]);
    expect(results.get('r0+2')).toMatchObject({ ok: false, fault: { code: 'DEVICE_EXCEPTION' } });
  });
});

describe('a unit that refuses everything for hours', () => {
  it('has its values back within about a minute after that', async () => {
    const reader = readerOf(map([field(0), field(500, 2)]));
    line.override = () => 2;
    for (let poll = 0; poll < 2_880; poll += 1) {
      await reader.read();
      clock.mono += 2_500;
    }
    line.override = () => undefined;
    const backMs = clock.mono;
    while (faults(await reader.read()).some((fault) => fault !== null)) clock.mono += 2_500;
    expect(clock.mono - backMs).toBeLessThan(65_000);
  });
});

describe('the memory of refusals', () => {
  const each = map([field(0), field(2), field(4), field(6)]);

  async function learned() {
    line.holes = new Set([3]);
    const reader = readerOf(each);
    await reader.read();
    line.taken();
    return JSON.parse(JSON.stringify(reader.refusals()));
  }

  it('survives a restart as plain JSON', async () => {
    const reader = readerOf(each, { refusals: await learned() });
    expectTrueWords(await reader.read(), each.fields);
    expect(spansOf(line.taken())).toEqual([
      [0, 2],
      [4, 6],
    ]);
  });

  it('is forgotten when the map is another one', async () => {
    const reader = readerOf(map([...each.fields, field(8)]), { refusals: await learned() });
    expect(reader.refusals().refused).toEqual([]);
  });

  it('is forgotten after a day, so that new firmware is noticed', async () => {
    const reader = readerOf(each, { refusals: await learned() });
    line.holes = new Set();
    clock.wall += 24 * 3_600_000;
    await reader.read();
    expect(spansOf(line.taken())).toEqual([[0, 6]]);
  });
});
