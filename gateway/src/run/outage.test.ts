import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '@limpid/sdk/core';
import { createNodeFiles, createNodeSuite, createProcessTable, Ledger } from '@limpid/sdk/ledger/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { outageGap } from './outage.ts';

let dir: string;
let clock: FakeClock;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'limpid-outage-'));
  clock = new FakeClock();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function open(): Promise<Ledger> {
  const processes = await createProcessTable();
  return Ledger.open(dir, {
    files: createNodeFiles(),
    suite: createNodeSuite(),
    clock,
    processes,
    random: systemRandom.bytes,
  });
}

describe('the gap between two runs', () => {
  it('is none for a new ledger', async () => {
    const ledger = await open();
    expect(await outageGap(ledger, clock)).toBeNull();
    await ledger.close();
  });

  it('is said to be a stop after a stop event', async () => {
    await (await open()).close();
    const fromWallMs = clock.wallMs();
    await clock.advance(60_000);
    const ledger = await open();
    expect(await outageGap(ledger, clock)).toEqual({
      kind: 'event',
      event: 'gap',
      detail: { cause: 'stopped', fromWallMs, toWallMs: fromWallMs + 60_000, expected: null },
    });
    await ledger.close();
  });
});
