import { type PlannedRead, planCostMs, planReads, serialCost } from '@limpid/sdk/modbus';
import { type LineBench, openLineBench } from '../support/line-bench.ts';
import { layoutFields, layoutMap } from '../support/register-layouts.ts';

export interface RtuScanResult {
  baudRate: number;
  plan: string;
  requests: number;
  /** median scan, and the fastest: load of the machine only ever adds */
  measuredMs: number;
  fastestMs: number;
  modelMs: number;
  /** requests that came before the 3.5 characters of silence were over */
  early: number;
  wrong: number;
}

export interface RtuScanOptions {
  baudRate: number;
  scans: number;
  naive?: boolean;
  /** no more scans are needed once one took no longer than this many times the model */
  enough?: number;
}

const BITS = 10;
const TURNAROUND_MS = 5;

/** Scans of the 60-value map over a pseudo-terminal that keeps the baud rate, against the model of the wire. */
export async function scanRtu(options: RtuScanOptions): Promise<RtuScanResult> {
  const { baudRate, scans } = options;
  const cost = serialCost(baudRate, BITS, TURNAROUND_MS);
  const fields = layoutFields('scatter');
  const plan: Pick<PlannedRead, 'fn' | 'address' | 'count'>[] = options.naive
    ? fields
    : planReads(layoutMap('scatter'), cost);
  const bench = await openLineBench('rtu', { baudRate, turnaroundMs: TURNAROUND_MS, timeoutMs: 1_000 });
  try {
    await scanOnce(bench, plan); // the first request of all and the loading of code are not the line's pace
    const before = { early: bench.server().early ?? 0, wrong: 0 };
    const durationsMs: number[] = [];
    const modelMs = planCostMs(
      plan.map((read) => ({ ...read, fields: [] })),
      cost,
    );
    const isEnough = () => Math.min(...durationsMs) <= modelMs * (options.enough ?? 0);
    while (durationsMs.length < scans && !isEnough()) {
      const startMs = performance.now();
      before.wrong += await scanOnce(bench, plan);
      durationsMs.push(performance.now() - startMs);
    }
    return {
      baudRate,
      plan: options.naive ? 'one read per value' : 'best plan',
      requests: plan.length,
      measuredMs: median(durationsMs),
      fastestMs: Math.min(...durationsMs),
      modelMs,
      early: (bench.server().early ?? 0) - before.early,
      wrong: before.wrong,
    };
  } finally {
    await bench.close();
  }
}

/** The number of wrong words: register a holds a. */
async function scanOnce(bench: LineBench, plan: readonly Pick<PlannedRead, 'fn' | 'address' | 'count'>[]) {
  let wrong = 0;
  for (const { fn, address, count } of plan) {
    const words = await bench.line.read({ unit: 1, fn, address, count });
    wrong += words.filter((word, index) => word !== address + index).length;
  }
  return wrong;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
