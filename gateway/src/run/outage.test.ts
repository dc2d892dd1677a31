import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
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

  /** What a kill -9 leaves: the files as they lay while the run went on. */
  async function killedRun(entries: number): Promise<void> {
    const ledger = await open();
    const tickets = Array.from({ length: entries }, () =>
      ledger.append({ kind: 'event', event: 'ticket', detail: { why: 'so' } }),
    );
    await Promise.all(tickets);
    const files = mkdtempSync(join(tmpdir(), 'limpid-killed-'));
    cpSync(dir, files, { recursive: true });
    await ledger.close();
    rmSync(dir, { recursive: true });
    cpSync(files, dir, { recursive: true });
    rmSync(join(dir, 'ledger', readdirSync(join(dir, 'ledger')).find((name) => name.startsWith('lock')) ?? ''), {
      force: true,
    });
    rmSync(files, { recursive: true });
  }

  it('is a restart within one OS boot and power where the machine was started anew, found with few reads', async () => {
    for (const [bootId, cause] of [
      ['fake-boot', 'restart'],
      ['another-boot', 'power'],
    ] as const) {
      await killedRun(300);
      clock.bootId = bootId;
      const ledger = await open();
      let reads = 0;
      const counting = {
        ...{ id: ledger.id, size: () => ledger.size(), firstSeq: () => ledger.firstSeq() },
        ...{ items: ledger.items.bind(ledger), rootAt: ledger.rootAt.bind(ledger) },
        ...{ findByTime: ledger.findByTime.bind(ledger), channelsAt: ledger.channelsAt.bind(ledger) },
        read: (seq: number) => {
          reads += 1;
          return ledger.read(seq);
        },
      };
      expect(await outageGap(counting, clock)).toMatchObject({ detail: { cause } });
      expect(reads).toBeLessThan(30);
      await ledger.close();
    }
  });
});
