import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutMap } from '../../../test/support/register-layouts.ts';
import { isLimpidError } from '../core/error.ts';
import type { Block, DeviceMap, Field } from './field.ts';
import type { LineCost } from './line.ts';
import { planCostMs, planReads } from './plan.ts';

const cost: LineCost = { perRequestMs: 10, perRegisterMs: 1 };
const field = (address: number, count = 1, fn: Field['fn'] = 3): Field => ({
  name: `r${address}+${count}`,
  fn,
  address,
  count,
});
const block = (first: number, last: number, fn: Field['fn'] = 3): Block => ({ fn, first, last });
const map = (fields: Field[], rest: Partial<DeviceMap> = {}): DeviceMap => ({
  fields,
  blocks: [block(0, 999)],
  maxRegisters: 125,
  forbidden: [],
  ...rest,
});
const spans = (...args: Parameters<typeof planReads>) =>
  planReads(...args).map(({ fn, address, count }) => [fn, address, address + count - 1]);

describe('planReads', () => {
  it('reads over a gap that is cheaper than a request and not over a dearer one', () => {
    expect(spans(map([field(0), field(10), field(22)]), cost)).toEqual([
      [3, 0, 10],
      [3, 22, 22],
    ]);
  });

  it('bridges no gap outside a declared block, but joins registers that touch', () => {
    expect(spans(map([field(0, 2), field(2), field(4)], { blocks: [] }), cost)).toEqual([
      [3, 0, 2],
      [3, 4, 4],
    ]);
  });

  it('never reads across two blocks, nor out of one, even where they touch', () => {
    const fields = [field(8), field(9), field(10), field(12), field(20), field(21)];
    const blocks = [block(0, 9), block(10, 20)];
    expect(spans(map(fields, { blocks }), cost)).toEqual([
      [3, 8, 9],
      [3, 10, 20],
      [3, 21, 21],
    ]);
  });

  it('never touches a forbidden register', () => {
    expect(spans(map([field(0), field(2), field(4)], { forbidden: [block(3, 3)] }), cost)).toEqual([
      [3, 0, 2],
      [3, 4, 4],
    ]);
  });

  it('asks for no more than the device gives in one request', () => {
    const plan = planReads(map([field(0, 4), field(4, 4), field(8, 4), field(12, 4)], { maxRegisters: 10 }), cost);
    expect(plan.map((read) => read.count)).toEqual([8, 8]);
  });

  it('reads up to 2000 bits at once, whatever the device says of registers', () => {
    const cheapBits = { perRequestMs: 1000, perRegisterMs: 1 };
    const bits = (last: number) =>
      map([field(0, 1, 1), field(last, 1, 1)], { blocks: [block(0, 5000, 1)], maxRegisters: 8 });
    expect(spans(bits(1999), cheapBits)).toEqual([[1, 0, 1999]]);
    expect(spans(bits(2000), cheapBits)).toHaveLength(2);
  });

  it('never merges functions', () => {
    expect(spans(map([field(0), field(1, 1, 4)], { blocks: [] }), cost)).toEqual([
      [3, 0, 0],
      [4, 1, 1],
    ]);
  });

  it('fetches a field that lies inside another one with it', () => {
    const inside = [field(4), field(2, 8), field(2, 8), field(2, 2)];
    const plan = planReads(map(inside), cost);
    expect(plan).toHaveLength(1);
    expect(new Set(plan[0]!.fields)).toEqual(new Set(inside));
  });

  it('goes around ranges that the device has refused and leaves out fields that contain one', () => {
    const fields = [field(0), field(2), field(4, 2), field(8)];
    expect(spans(map(fields), cost, [block(2, 4), block(5, 5)])).toEqual([
      [3, 0, 2],
      [3, 8, 8],
    ]);
  });

  it.each<[string, DeviceMap]>([
    ['a field wider than a request', map([field(0, 5)], { maxRegisters: 4 })],
    ['a field on a forbidden register', map([field(0, 5)], { forbidden: [block(4, 4)] })],
    ['an address that no device has', map([field(65_535, 2)])],
    ['a field of no registers', map([field(1, 0)])],
    ['a device maximum beyond the protocol', map([field(1)], { maxRegisters: 126 })],
    ['a fractional address', map([field(1.5)])],
  ])('refuses %s', (_, each) => {
    expect(() => planReads(each, cost)).toThrow(
      expect.toSatisfy((fault: unknown) => isLimpidError(fault, 'REQUEST_INVALID')),
    );
  });

  it('costs as little as the best of all plans, with blocks, holes, refusals and overlaps', () => {
    fc.assert(
      fc.property(smallCase, ({ map: each, cost: line, refused }) => {
        const plan = planReads(each, line, refused);
        const readable = each.fields.filter((one) => allowed([one], each, refused));
        expect(plan.flatMap((read) => read.fields).sort(byPlace)).toEqual([...readable].sort(byPlace));
        for (const read of plan) expect(allowed(read.fields, each, refused)).toBe(true);
        expect(planCostMs(plan, line)).toBeCloseTo(bruteForce(readable, each, line, refused), 9);
      }),
      { numRuns: 1_500 },
    );
  });

  it.each([
    ['scatter', 9600, 803],
    ['scatter', 115_200, 98],
    ['blocks', 9600, 422],
    ['blocks', 115_200, 79],
  ] as const)('finds the best plan of the %s layout at %s Bd', (layout, baudRate, bestMs) => {
    const line = rtuCost(baudRate);
    expect(Math.abs(planCostMs(planReads(layoutMap(layout), line), line) - bestMs)).toBeLessThan(1);
  });

  it('plans the example of the README as it says', () => {
    const each = map([field(0, 2), field(4, 2), field(14), field(30, 2), field(34, 2)], { blocks: [block(0, 99)] });
    const slow = planReads(each, rtuCost(9600));
    expect(slow.map(({ address, count }) => [address, count])).toEqual([
      [0, 15],
      [30, 6],
    ]);
    expect(planCostMs(slow, rtuCost(9600))).toBeCloseTo(95.4, 1);
    const fast = planReads(each, rtuCost(115_200));
    expect(fast.map(({ address, count }) => [address, count])).toEqual([[0, 36]]);
    expect(planCostMs(fast, rtuCost(115_200))).toBeCloseTo(15.9, 1);
    const around = planReads({ ...each, forbidden: [block(20, 20)] }, rtuCost(115_200));
    expect(around).toEqual(slow);
  });

  it('plans thousands of fields at once in well under a second', () => {
    const many = Array.from({ length: 6_000 }, (_, k) => field(k * 7, 2));
    const startMs = performance.now();
    planReads(map(many, { blocks: [block(0, 65_535)] }), cost);
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});

/** Request and answer frames, two silences of 3.5 characters, 5 ms in which the device thinks; 8N1. */
function rtuCost(baudRate: number): LineCost {
  const characterMs = 10_000 / baudRate;
  const silenceMs = baudRate > 19_200 ? 1.75 : 3.5 * characterMs;
  return { perRequestMs: 13 * characterMs + 2 * silenceMs + 5, perRegisterMs: 2 * characterMs };
}

const range = fc
  .tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 1, max: 5 }))
  .map(([first, count]) => block(first, first + count - 1));

const smallCase = fc
  .record({
    places: fc.array(fc.tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 1, max: 4 })), { maxLength: 7 }),
    blocks: fc.array(
      range.map((each) => ({ ...each, last: each.last * 2 })),
      { maxLength: 3 },
    ),
    forbidden: fc.array(range, { maxLength: 2 }),
    refused: fc.array(range, { maxLength: 3 }),
    maxRegisters: fc.integer({ min: 4, max: 20 }),
    perRequestMs: fc.integer({ min: 0, max: 12 }),
  })
  .map(({ places, perRequestMs, refused, ...rest }) => ({
    refused,
    cost: { perRequestMs, perRegisterMs: 1 },
    map: {
      ...rest,
      fields: places
        .map(([address, count]) => field(address, count))
        .filter((one) => registersOf([one]).every((r) => !rest.forbidden.some((b) => b.first <= r && r <= b.last))),
    },
  }));

const byPlace = (a: Field, b: Field) => a.address - b.address || a.count - b.count;
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, k) => first + k);

function registersOf(fields: readonly Field[]): number[] {
  return [...new Set(fields.flatMap((each) => upTo(each.address, each.address + each.count - 1)))].sort(
    (a, b) => a - b,
  );
}

/** The rules once more, register by register. */
function allowed(fields: readonly Field[], each: DeviceMap, refused: readonly Block[]): boolean {
  const wanted = registersOf(fields);
  const read = upTo(wanted[0]!, wanted.at(-1)!);
  const isIn = (b: Block) => (r: number) => b.first <= r && r <= b.last;
  if (refused.some((b) => upTo(b.first, b.last).every((r) => read.includes(r)))) return false;
  if (new Set(fields.map((one) => `${one.address} ${one.count}`)).size === 1) return true;
  if (fields.some((one) => registersOf([one]).length === read.length)) return true;
  if (read.length > each.maxRegisters || each.forbidden.some((b) => read.some(isIn(b)))) return false;
  if (each.blocks.some((b) => read.every(isIn(b)))) return true;
  return wanted.length === read.length && !each.blocks.some((b) => read.some(isIn(b)));
}

/** Tries every way to share the fields out among reads. */
function bruteForce(fields: readonly Field[], each: DeviceMap, line: LineCost, refused: readonly Block[]): number {
  let best = Number.POSITIVE_INFINITY;
  const place = (k: number, groups: Field[][]): void => {
    if (k === fields.length) {
      if (!groups.every((group) => allowed(group, each, refused))) return;
      const total = groups.reduce((sum, group) => {
        const wanted = registersOf(group);
        return sum + line.perRequestMs + line.perRegisterMs * (wanted.at(-1)! - wanted[0]! + 1);
      }, 0);
      best = Math.min(best, total);
      return;
    }
    for (const group of groups)
      place(
        k + 1,
        groups.map((other) => (other === group ? [...group, fields[k]!] : other)),
      );
    place(k + 1, [...groups, [fields[k]!]]);
  };
  place(0, []);
  return best;
}
