import type { DeviceMap } from '../modbus/field.ts';
import { guardReads } from '../modbus/guards.ts';
import { bitsPerCharacter, type SerialFormat, serialCost } from '../modbus/line-timing.ts';
import { planCostMs, planReads } from '../modbus/plan.ts';

/** What instruments are assumed to need before they answer, until the line has measured it. */
const ASSUMED_TURNAROUND_MS = 5;

/** How long one scan of a device keeps a serial line busy, by the best plan of reads. */
export function serialScanMs(map: DeviceMap, format: SerialFormat, turnaroundMs = 0): number {
  const cost = serialCost(format.baudRate, bitsPerCharacter(format), ASSUMED_TURNAROUND_MS + turnaroundMs);
  const reads = planReads(map, cost);
  return planCostMs([...reads, ...guardReads(map, reads, cost)], cost);
}
