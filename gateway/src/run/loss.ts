import type { BatchBody } from '@limpid/sdk/ledger/seal';
import type { Draft } from '@limpid/sdk/ledger/store';

/** Readings that were taken and could not be kept. */
export interface Loss {
  fromWallMs: number;
  toWallMs: number;
  /** polls */
  expected: number;
}

/** null for a batch of nothing. */
export function lossOf({ baseWallMs, blocks }: BatchBody): Loss | null {
  let loss: Loss | null = null;
  for (const { offsetsMs } of blocks) {
    for (const offsetMs of offsetsMs) {
      const wallMs = baseWallMs + offsetMs;
      loss = together(loss, { fromWallMs: wallMs, toWallMs: wallMs, expected: 1 });
    }
  }
  return loss;
}

export function together(a: Loss | null, b: Loss | null): Loss | null {
  if (a === null || b === null) return a ?? b;
  return {
    fromWallMs: Math.min(a.fromWallMs, b.fromWallMs),
    toWallMs: Math.max(a.toWallMs, b.toWallMs),
    expected: a.expected + b.expected,
  };
}

/** The event that explains the silence. */
export function gapDraft(loss: Loss): Draft {
  return { kind: 'event', event: 'gap', detail: { cause: 'storage', ...loss } };
}
