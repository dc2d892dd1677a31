import type { DeviceMap, Field, FieldResult, ReadRequest } from '@limpid/sdk/modbus';
import { expect } from 'vitest';
import { FakeLine } from './fake-line.ts';

/** A map of holding registers in one block, to be read from unit 7 of a fake line, and what its scans must give. */
export const field = (address: number, count = 1): Field => ({ name: `r${address}+${count}`, fn: 3, address, count });
export const map = (fields: Field[], rest: Partial<DeviceMap> = {}): DeviceMap => ({
  fields,
  blocks: [{ fn: 3, first: 0, last: 999 }],
  maxRegisters: 125,
  forbidden: [],
  ...rest,
});
/** a back-off without chance */
export const steady = { initialMs: 1_000, maximumMs: 60_000, factor: 2, jitter: 0 };

/** the code of each field's fault, null where it has words */
export function faults(results: Map<string, FieldResult>): (string | null)[] {
  return [...results.values()].map((result) => (result.ok ? null : result.fault.code));
}

export function expectTrueWords(results: Map<string, FieldResult>, fields: readonly Field[]): void {
  for (const { name, fn, address, count } of fields) {
    const result = results.get(name);
    if (!result?.ok) throw new Error(`${name} has no words`);
    expect([...result.words]).toEqual(Array.from({ length: count }, (_, k) => FakeLine.word(7, fn, address + k)));
  }
}

export const spansOf = (requests: readonly ReadRequest[]) =>
  requests.map((each) => [each.address, each.address + each.count - 1]);
