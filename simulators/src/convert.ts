import type { Unit } from '@limpid/sdk/core';

/** 1 of the unit in the first unit of its family. Only what a plant and a register map can disagree on. */
const FAMILIES: readonly Partial<Record<Unit, number>>[] = [
  { Pa: 1, hPa: 100, kPa: 1_000, bar: 100_000 },
  { 'm3/s': 1, 'm3/h': 1 / 3_600, 'L/s': 1e-3, 'L/min': 1e-3 / 60 },
  { m3: 1, L: 1e-3 },
  { m: 1, mm: 1e-3 },
  { 'mg/m3': 1, 'ug/m3': 1e-3, 'g/m3': 1e3 },
  { 'mg/L': 1, 'ug/L': 1e-3 },
];

/** How many of `to` one `from` is; null where the two have nothing to do with each other. */
export function conversion(from: Unit, to: Unit): number | null {
  if (from === to) return 1;
  for (const family of FAMILIES) {
    const [one, other] = [family[from], family[to]];
    if (one !== undefined && other !== undefined) return one / other;
  }
  return null;
}
