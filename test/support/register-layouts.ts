import type { DeviceMap, Field } from '@limpid/sdk/modbus';

/**
 * Two layouts of 60 values (30 float32, 20 uint16, 10 uint32: 100 registers) in 400 registers, on which every bench of
 * this project and of its peers measures: `scatter` has them at random places, `blocks` in nine runs as manuals do.
 */
export type LayoutName = 'scatter' | 'blocks';

export interface LayoutField extends Field {
  type: 'f32' | 'u16' | 'u32';
}

const WORDS = { u16: 1, u32: 2, f32: 2 } as const;
const REGISTERS = 400;

export function layoutFields(name: LayoutName, seed = 212): LayoutField[] {
  return name === 'scatter' ? scatter(seed) : blocks();
}

/** The layout as one declared block, as the device of the benches documents it. */
export function layoutMap(name: LayoutName, options: { maxRegisters?: number; seed?: number } = {}): DeviceMap {
  return {
    fields: layoutFields(name, options.seed),
    blocks: [{ fn: 3, first: 0, last: REGISTERS - 1 }],
    maxRegisters: options.maxRegisters ?? 125,
    forbidden: [],
  };
}

/** Registers of holes, one in each of the first gaps that a shuffle by the seed gives. */
export function holesBetween(fields: readonly Field[], holes: number, seed = 7): Set<number> {
  const random = seededRandom(seed);
  const sorted = [...fields].sort((a, b) => a.address - b.address);
  const gaps = sorted.slice(1).flatMap((field, k) => {
    const start = sorted[k]!.address + sorted[k]!.count;
    return field.address > start ? [{ start, count: field.address - start }] : [];
  });
  return new Set(
    shuffle(gaps, random)
      .slice(0, holes)
      .map((gap) => gap.start + Math.floor(random() * gap.count)),
  );
}

/** mulberry32: small, seeded, the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const shuffled = [...items];
  for (let k = shuffled.length - 1; k > 0; k -= 1) {
    const other = Math.floor(random() * (k + 1));
    [shuffled[k], shuffled[other]] = [shuffled[other]!, shuffled[k]!];
  }
  return shuffled;
}

function scatter(seed: number): LayoutField[] {
  const random = seededRandom(seed);
  const types = shuffle(
    [...Array<'f32'>(30).fill('f32'), ...Array<'u16'>(20).fill('u16'), ...Array<'u32'>(10).fill('u32')],
    random,
  );
  const used = types.reduce((sum, type) => sum + WORDS[type], 0);
  const gaps = types.map(() => Math.floor(random() * (REGISTERS - used + 1))).sort((a, b) => a - b);
  let offset = 0;
  return types.map((type, k) => {
    const field = fieldOf(k, type, gaps[k]! + offset);
    offset += WORDS[type];
    return field;
  });
}

function blocks(): LayoutField[] {
  const runs = [
    ['f32', 0, 14], // instantaneous values
    ['u16', 40, 8], // status and alarms
    ['f32', 100, 10], // calibrated values
    ['u16', 124, 4], // flags
    ['u32', 200, 6], // totals
    ['f32', 260, 6], // flue gas
    ['u32', 300, 4], // running hours
    ['u16', 340, 4], // clock
    ['u16', 392, 4], // firmware
  ] as const;
  return runs
    .flatMap(([type, start, count]) => Array.from({ length: count }, (_, k) => ({ type, at: start + k * WORDS[type] })))
    .map(({ type, at }, k) => fieldOf(k, type, at));
}

function fieldOf(k: number, type: LayoutField['type'], address: number): LayoutField {
  return { name: `v${k}`, fn: 3, address, count: WORDS[type], type };
}
