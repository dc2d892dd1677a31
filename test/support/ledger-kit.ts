import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel } from '@limpid/sdk/core';
import { UNSCALED } from '@limpid/sdk/core';
import { type BatchBody, encodeContextPart } from '@limpid/sdk/ledger/seal';
import {
  createNodeFiles,
  createNodeSuite,
  createProcessTable,
  type Draft,
  type Files,
  Ledger,
  type LedgerDependencies,
  type LedgerItem,
  type LedgerOptions,
} from '@limpid/sdk/ledger/store';
import { FakeClock } from './fake-clock.ts';

/** A folder that is gone after the test, and what a ledger in it needs. */
export interface LedgerKit {
  dir: string;
  ledgerDir: string;
  clock: FakeClock;
  deps: LedgerDependencies;
  open(options?: LedgerOptions): Promise<Ledger>;
  remove(): Promise<void>;
}

export async function createLedgerKit(wrap: (files: Files) => Files = (files) => files): Promise<LedgerKit> {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-ledger-'));
  const clock = new FakeClock();
  const deps: LedgerDependencies = {
    files: wrap(createNodeFiles()),
    clock,
    suite: createNodeSuite(),
    processes: await createProcessTable(),
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  };
  return {
    ...{ dir, ledgerDir: `${dir}/ledger`, clock, deps },
    open: (options) => Ledger.open(dir, deps, options),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

export function sampleChannels(count: number): Channel[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    device: 'cems',
    name: `value${id}`,
    code: 'a21026',
    outlet: 'DA001',
    unit: 'mg/m3',
    fn: 3,
    address: 2 * id,
    words: 2,
    type: 'f32',
    order: 'ABCD',
    scale: UNSCALED,
    exponent: -2,
    basis: { moisture: 'dry', state: 'standard', referenceDegC: 0 },
    range: { low: 0, high: 50_000 },
    disclosure: 'public',
  }));
}

export function contextDraft(channels: readonly Channel[], site = 'plant'): Draft {
  return {
    kind: 'context',
    parts: [
      encodeContextPart({ kind: 'site', name: '', value: { name: site } }),
      encodeContextPart({ kind: 'channels', name: '', channels: [...channels] }),
    ],
  };
}

const words = new DataView(new ArrayBuffer(4));

function float32(value: number): number {
  words.setFloat32(0, value);
  return words.getUint32(0);
}

/** `polls` polls of every channel, with values that move a little. */
export function batchDraft(
  channels: number,
  options: { polls?: number; wallMs?: number; salt?: number } = {},
): Draft & { kind: 'batch' } {
  const { polls = 1, wallMs = Date.UTC(2026, 10, 23, 4), salt = 0 } = options;
  const body: BatchBody = {
    seed: new Uint8Array(0),
    baseWallMs: wallMs,
    blocks: [
      {
        channels: Array.from({ length: channels }, (_, id) => id),
        offsetsMs: Array.from({ length: polls }, (_, poll) => poll * 2500),
        columns: Array.from({ length: channels }, (_, id) => ({
          raw: Array.from({ length: polls }, (_, poll) =>
            float32(40 + id * 3 + ((salt * 7 + poll * 13 + id) % 100) / 100),
          ),
          value: null,
          quality: 0,
        })),
      },
    ],
  };
  return { kind: 'batch', body };
}

export async function collect(items: AsyncIterable<LedgerItem>): Promise<LedgerItem[]> {
  const all: LedgerItem[] = [];
  for await (const item of items) all.push(item);
  return all;
}
