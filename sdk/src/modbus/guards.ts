import type { Block, DeviceMap, FieldResult } from './field.ts';
import type { LineCost } from './line.ts';
import { type PlannedRead, planReads } from './plan.ts';

/**
 * Guards are the fields that say what the others are worth: status words. One that comes in the same answer as a value
 * is of the same moment. One that takes a request of its own is read before and after the values: a check that ends or
 * begins between the requests is seen by one of the two.
 */
export function guardsFirst(reads: readonly PlannedRead[], map: DeviceMap): PlannedRead[] {
  const count = (read: PlannedRead) => guardsIn(read, map);
  return [...reads].sort((a, b) => Number(count(b) > 0) - Number(count(a) > 0));
}

/** What is read once more at the end of a scan; nothing where each read brings all guards with it. */
export function guardReads(
  map: DeviceMap,
  reads: readonly PlannedRead[],
  cost: LineCost,
  refused: readonly Block[] = [],
): PlannedRead[] {
  const guards = map.guards ?? [];
  if (reads.every((read) => guardsIn(read, map) === guards.length)) return [];
  const fields = map.fields.filter(({ name }) => guards.includes(name));
  return planReads({ ...map, fields }, cost, refused);
}

/** Keeps what a guard said first beside what it says now. */
export function addEarlier(results: Map<string, FieldResult>, name: string, earlier: FieldResult | undefined): void {
  const now = results.get(name);
  if (earlier?.ok && now?.ok) results.set(name, { ...now, earlier: earlier.words });
}

function guardsIn({ fields }: PlannedRead, { guards = [] }: DeviceMap): number {
  return fields.filter(({ name }) => guards.includes(name)).length;
}
