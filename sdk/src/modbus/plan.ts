import { LimpidError } from '../core/error.ts';
import type { Block, DeviceMap, Field } from './field.ts';
import type { LineCost, ReadFunction } from './line.ts';

/**
 * Which reads fetch all fields at the least cost of the line. No fixed size of hole is right: at 9600 Bd a gap of ten
 * registers costs as much as a request, at 115200 Bd one of fifty.
 *
 * A read is an interval of addresses. Fields that lie inside another field come with it for nothing; the others, sorted
 * by address, have rising starts and rising ends, and then some best plan cuts the sorted list into runs: of two reads
 * that interleave, each field that fits both may move to the second, and the first shrinks. So with R for one more
 * request and r for one more register
 *
 *   best[i] = min over j ≤ i of best[j − 1] + R + r · span(j..i)
 *
 * and, as everything that rules out a span rules out each wider one, the search for j ends at the first that is not
 * allowed.
 */
export interface PlannedRead {
  fn: ReadFunction;
  address: number;
  /** registers, or bits for functions 1 and 2 */
  count: number;
  /** by address; all lie inside the read */
  fields: Field[];
}

/** The greatest counts that the protocol allows (Modbus application protocol 1.1b3, 6.1 and 6.3). */
const MOST_REGISTERS = 125;
const MOST_BITS = 2000;
const ADDRESSES = 0x1_0000;
/** a plan is made anew when the cost is this much out */
const COST_TOLERANCE = 0.05;

/**
 * `refused`: ranges that the device is known to refuse, found out at run time: no read contains one wholly, and a field
 * that does is left out of the plan. Throws REQUEST_INVALID when the map itself cannot be read.
 */
export function planReads(map: DeviceMap, cost: LineCost, refused: readonly Block[] = []): PlannedRead[] {
  assertReadable(map);
  return ([1, 2, 3, 4] as const).flatMap((fn) => {
    const rules = rulesOf(map, fn, refused);
    const fields = map.fields.filter(
      (field) => field.fn === fn && !containsAny(field.address, endOf(field), rules.refused),
    );
    return fields.length === 0 ? [] : planFunction(fn, fields, rules, cost);
  });
}

/** What a plan takes on a line with that cost. */
export function planCostMs(plan: readonly PlannedRead[], cost: LineCost): number {
  return plan.reduce((sum, read) => sum + readCostMs(read.fn, read.count, cost), 0);
}

export function cheapestFirst(reads: readonly PlannedRead[], cost: LineCost): PlannedRead[] {
  return [...reads].sort((a, b) => planCostMs([a], cost) - planCostMs([b], cost));
}

/** Whether a plan made for one cost is to be made anew for the other: a line learns its cost as it goes. */
export function isOut(planned: LineCost, now: LineCost): boolean {
  const differs = (a: number, b: number) => Math.abs(a - b) > COST_TOLERANCE * a;
  return differs(planned.perRequestMs, now.perRequestMs) || differs(planned.perRegisterMs, now.perRegisterMs);
}

export function endOf(field: { address: number; count: number }): number {
  return field.address + field.count;
}

/** The fields that lie in no other, by address: their starts and their ends rise strictly. */
export function outermost(fields: readonly Field[]): Field[] {
  const sorted = [...fields].sort((a, b) => a.address - b.address || b.count - a.count);
  let reached = -1;
  return sorted.filter((field) => {
    if (endOf(field) <= reached) return false;
    reached = endOf(field);
    return true;
  });
}

/** One read over all these fields, which are of one function. */
export function readOver(fields: readonly Field[]): PlannedRead {
  const sorted = [...fields].sort((a, b) => a.address - b.address || a.count - b.count);
  const first = sorted[0];
  if (first === undefined) throw new LimpidError('INTERNAL', { detail: 'a read of no fields' });
  const end = sorted.reduce((latest, field) => Math.max(latest, endOf(field)), 0);
  return { fn: first.fn, address: first.address, count: end - first.address, fields: sorted };
}

/** What binds the reads of one function. Ends are exclusive here. */
interface Rules {
  most: number;
  blocks: Span[];
  forbidden: Span[];
  refused: Span[];
}

interface Span {
  start: number;
  end: number;
}

function rulesOf(map: DeviceMap, fn: ReadFunction, refused: readonly Block[]): Rules {
  const spans = (blocks: readonly Block[]) =>
    blocks.filter((block) => block.fn === fn).map(({ first, last }) => ({ start: first, end: last + 1 }));
  return {
    most: fn <= 2 ? MOST_BITS : map.maxRegisters,
    blocks: spans(map.blocks),
    forbidden: spans(map.forbidden),
    refused: spans(refused),
  };
}

function planFunction(fn: ReadFunction, fields: readonly Field[], rules: Rules, cost: LineCost): PlannedRead[] {
  const outer = outermost(fields);
  const reads = cutSorted(fn, outer, rules, cost).map(([from, to]) => readOver(outer.slice(from, to)));
  if (outer.length === fields.length) return reads;
  const homes = new Map(reads.map((read) => [read, [] as Field[]]));
  for (const field of fields) {
    const home = reads.find((read) => read.address <= field.address && endOf(field) <= endOf(read));
    if (home !== undefined) homes.get(home)?.push(field);
  }
  return [...homes.values()].map(readOver);
}

/** The best cuts of fields in rising order, as [from, to) of the list. */
function cutSorted(fn: ReadFunction, outer: readonly Field[], rules: Rules, cost: LineCost): [number, number][] {
  const best = new Float64Array(outer.length + 1).fill(Number.POSITIVE_INFINITY);
  const from = new Int32Array(outer.length + 1);
  best[0] = 0;
  for (let to = 1; to <= outer.length; to += 1) {
    const end = endOf(outer[to - 1]!);
    let gapless = true;
    for (let at = to - 1; at >= 0; at -= 1) {
      const { address } = outer[at]!;
      if (at < to - 1 && endOf(outer[at]!) < outer[at + 1]!.address) gapless = false;
      if (at < to - 1 && !mayMerge(address, end, gapless, rules)) break;
      const total = best[at]! + readCostMs(fn, end - address, cost);
      if (total > best[to]!) continue;
      best[to] = total;
      from[to] = at;
    }
  }
  const cuts: [number, number][] = [];
  for (let to = outer.length; to > 0; to = from[to]!) cuts.unshift([from[to]!, to]);
  return cuts;
}

/**
 * Whether several fields may come in one read of [start, end). Inside one documented block it may bridge gaps; outside
 * all blocks it may only join fields that touch; it never reaches from one block into another or out of one, because
 * devices answer such reads with zeros.
 */
function mayMerge(start: number, end: number, gapless: boolean, rules: Rules): boolean {
  if (end - start > rules.most) return false;
  if (rules.forbidden.some((span) => overlap(start, end, span))) return false;
  if (containsAny(start, end, rules.refused)) return false;
  if (rules.blocks.some((block) => block.start <= start && end <= block.end)) return true;
  return gapless && !rules.blocks.some((block) => overlap(start, end, block));
}

function overlap(start: number, end: number, span: Span): boolean {
  return span.start < end && start < span.end;
}

function containsAny(start: number, end: number, spans: readonly Span[]): boolean {
  return spans.some((span) => start <= span.start && span.end <= end);
}

/** Bits travel eight to a byte, registers are two bytes. */
function readCostMs(fn: ReadFunction, count: number, cost: LineCost): number {
  return cost.perRequestMs + cost.perRegisterMs * (fn <= 2 ? Math.ceil(count / 8) / 2 : count);
}

function assertReadable(map: DeviceMap): void {
  const { maxRegisters } = map;
  if (!Number.isInteger(maxRegisters) || maxRegisters < 1 || maxRegisters > MOST_REGISTERS) {
    throw invalid(`maxRegisters is ${maxRegisters}; the protocol allows 1 to ${MOST_REGISTERS}`);
  }
  for (const field of map.fields) assertFieldReadable(field, map);
}

function assertFieldReadable(field: Field, map: DeviceMap): void {
  const { name, fn, address, count } = field;
  if (!Number.isInteger(address) || address < 0 || !Number.isInteger(count) || count < 1 || endOf(field) > ADDRESSES) {
    throw invalid(`field ${name}: ${count} from address ${address} are not within 0..${ADDRESSES - 1}`);
  }
  const most = fn <= 2 ? MOST_BITS : map.maxRegisters;
  if (count > most) throw invalid(`field ${name} takes ${count}, but one request of this device reads at most ${most}`);
  const touched = map.forbidden.find(
    (block) => block.fn === fn && overlap(address, endOf(field), { start: block.first, end: block.last + 1 }),
  );
  if (touched) throw invalid(`field ${name} lies on the forbidden registers ${touched.first}..${touched.last}`);
}

function invalid(detail: string): LimpidError {
  return new LimpidError('REQUEST_INVALID', { detail });
}
