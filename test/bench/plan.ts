import { type Field, type LineCost, type PlannedRead, planCostMs, planReads, RegisterReader } from '@limpid/sdk/modbus';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeLine } from '../support/fake-line.ts';
import { holesBetween, type LayoutName, layoutFields, layoutMap } from '../support/register-layouts.ts';

/**
 * The read planner beside the rules that others use, on a model of the wire: request and answer frames, two silences of
 * 3.5 characters (1.75 ms above 19200 Bd), the time in which the device thinks. Then what ten holes that nobody declared
 * cost. Nothing here depends on the machine but `planMs`.
 */
export interface PlanBenchOptions {
  baudRates: number[];
  turnaroundMs: number;
  holes: number;
  print: (line: string) => void;
}

export interface PlanRow {
  layout: LayoutName;
  baudRate: number;
  plan: string;
  requests: number;
  registers: number;
  scanMs: number;
}

export interface HolesRow {
  layout: LayoutName;
  baudRate: number;
  /** of each scan: values that came back, requests, of these refused, ms on the line */
  scans: { values: number; requests: number; refused: number; scanMs: number }[];
  /** ms of the best plan that knows the holes */
  bestMs: number;
}

export interface PlanBench {
  plans: PlanRow[];
  holes: HolesRow[];
  /** ms to plan 60 and 6000 fields */
  planMs: { fields: number; ms: number }[];
}

const LAYOUTS = ['scatter', 'blocks'] as const;

export async function run(options: Partial<PlanBenchOptions> = {}): Promise<PlanBench> {
  const { baudRates = [9600, 115_200], turnaroundMs = 5, holes = 10, print = console.log } = options;
  const bench: PlanBench = { plans: [], holes: [], planMs: [60, 6_000].map(timePlan) };
  for (const layout of LAYOUTS) {
    for (const baudRate of baudRates) {
      const cost = rtuCost(baudRate, turnaroundMs);
      for (const [plan, reads] of plansOf(layout, cost)) {
        const registers = reads.reduce((sum, read) => sum + read.count, 0);
        const scanMs = planCostMs(reads, cost);
        bench.plans.push({ layout, baudRate, plan, requests: reads.length, registers, scanMs });
      }
      bench.holes.push(await scanWithHoles(layout, baudRate, cost, holes));
    }
  }
  for (const line of tableOf(bench)) print(line);
  return bench;
}

export function rtuCost(baudRate: number, turnaroundMs: number): LineCost {
  const characterMs = 10_000 / baudRate;
  const silenceMs = baudRate > 19_200 ? 1.75 : 3.5 * characterMs;
  return { perRequestMs: 13 * characterMs + 2 * silenceMs + turnaroundMs, perRegisterMs: 2 * characterMs };
}

function plansOf(layout: LayoutName, cost: LineCost): [string, PlannedRead[]][] {
  const fields = layoutFields(layout);
  return [
    ['one read per value', mergeWithin(fields, -1)],
    ['contiguous', mergeWithin(fields, 0)],
    ['gap 10', mergeWithin(fields, 10)],
    ['gap 50', mergeWithin(fields, 50)],
    ['limpid', planReads(layoutMap(layout), cost)],
  ];
}

/** The fixed rule of others: joins what is at most `gap` registers apart, up to 125; −1 joins nothing. */
function mergeWithin(fields: readonly Field[], gap: number): PlannedRead[] {
  const reads: PlannedRead[] = [];
  for (const field of [...fields].sort((a, b) => a.address - b.address)) {
    const open = reads.at(-1);
    const end = field.address + field.count;
    if (open && field.address - (open.address + open.count) <= gap && end - open.address <= 125) {
      open.count = end - open.address;
      open.fields.push(field);
    } else reads.push({ fn: field.fn, address: field.address, count: field.count, fields: [field] });
  }
  return reads;
}

async function scanWithHoles(layout: LayoutName, baudRate: number, cost: LineCost, count: number): Promise<HolesRow> {
  const clock = new FakeClock();
  const line = new FakeLine(clock);
  const map = layoutMap(layout);
  line.cost = cost;
  line.holes = holesBetween(map.fields, count);
  const reader = new RegisterReader({ line, unit: 1, map, clock, random: () => 0 });
  const scans: HolesRow['scans'] = [];
  for (let scan = 0; scan < 6; scan += 1) {
    const startMs = clock.monoMs();
    const values = [...(await reader.read()).values()].filter((result) => result.ok).length;
    const requests = line.taken();
    const refused = requests.filter((each) =>
      [...line.holes].some((hole) => each.address <= hole && hole < each.address + each.count),
    );
    scans.push({ values, requests: requests.length, refused: refused.length, scanMs: clock.monoMs() - startMs });
  }
  const forbidden = [...line.holes].map((hole) => ({ fn: 3 as const, first: hole, last: hole }));
  return { layout, baudRate, scans, bestMs: planCostMs(planReads({ ...map, forbidden }, cost), cost) };
}

function timePlan(fields: number): { fields: number; ms: number } {
  const map = {
    fields: Array.from({ length: fields }, (_, k) => ({ name: `v${k}`, fn: 3 as const, address: k * 7, count: 2 })),
    blocks: [{ fn: 3 as const, first: 0, last: 0xffff }],
    maxRegisters: 125,
    forbidden: [],
  };
  const startMs = performance.now();
  planReads(map, rtuCost(9600, 5));
  return { fields, ms: performance.now() - startMs };
}

function* tableOf(bench: PlanBench): Generator<string> {
  yield 'layout   Bd      plan                requests  registers   ms per scan';
  for (const row of bench.plans) {
    const { layout, baudRate, plan, requests, registers, scanMs } = row;
    yield `${layout.padEnd(8)} ${String(baudRate).padEnd(7)} ${plan.padEnd(20)} ${String(requests).padStart(7)} ${String(registers).padStart(10)} ${scanMs.toFixed(1).padStart(13)}`;
  }
  yield '';
  yield 'with undeclared holes: values / requests (refused) / ms of each scan; best plan that knows them';
  for (const { layout, baudRate, scans, bestMs } of bench.holes) {
    const each = scans.map((scan) => `${scan.values}/${scan.requests} (${scan.refused})/${scan.scanMs.toFixed(0)}`);
    yield `${layout.padEnd(8)} ${String(baudRate).padEnd(7)} ${each.join('  ')}  best ${bestMs.toFixed(0)}`;
  }
  for (const { fields, ms } of bench.planMs) yield `planning ${fields} fields: ${ms.toFixed(1)} ms`;
}
