import type { Field } from './field.ts';
import { endOf } from './plan.ts';

/**
 * The field before which a refused read is cut: where half of the bridged registers lie on either side, as a hole is
 * likeliest in a wide gap and the cut itself removes one; in the middle when nothing was bridged.
 */
export function splitAt(outer: readonly Field[]): number {
  const gaps = outer.slice(1).map((field, k) => Math.max(0, field.address - endOf(outer[k]!)));
  const bridged = gaps.reduce((sum, gap) => sum + gap, 0);
  if (bridged === 0) return outer.length >> 1;
  let at = 1;
  for (let passed = gaps[0]!; passed * 2 < bridged; at += 1) passed += gaps[at]!;
  return at;
}

/** The smallest range that a read over both fields contains and neither field does. */
export function jointBetween(before: Field, after: Field): { fn: Field['fn']; first: number; last: number } {
  const first = Math.min(endOf(before), after.address) - 1;
  const last = Math.max(after.address, endOf(before));
  return { fn: before.fn, first, last };
}
