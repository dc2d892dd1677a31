import { writeFile } from 'node:fs/promises';
import { createNodeFiles, type ProcessTable } from '@limpid/sdk/ledger/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerKit, type LedgerKit } from '../../../../test/support/ledger-kit.ts';
import { acquireLock } from './lock.ts';

const files = createNodeFiles();
let kit: LedgerKit;
beforeEach(async () => {
  kit = await createLedgerKit();
});
afterEach(() => kit.remove());

/** A machine on which these processes run. */
function machine(living: Record<number, string>, self: number, osBootId = 'boot-1'): ProcessTable {
  return {
    self: () => ({ pid: self, startTime: living[self] ?? '0' }),
    startTimeOf: async (pid) => living[pid] ?? null,
    osBootId: () => osBootId,
  };
}

describe('the lock of a ledger', () => {
  it('keeps a second process out and names the first', async () => {
    const living = { 10: '100', 11: '110' };
    const lock = await acquireLock(kit.dir, files, machine(living, 10));
    await expect(acquireLock(kit.dir, files, machine(living, 11))).rejects.toMatchObject({
      code: 'LEDGER_LOCKED',
      params: { pid: 10 },
    });
    await lock.release();
    await lock.release();
    await (await acquireLock(kit.dir, files, machine(living, 11))).release();
    expect(await files.readdir(kit.dir)).toEqual([]);
  });

  it.each([
    ['is dead', machine({ 11: '110' }, 11)],
    ['is another one with the same pid', machine({ 10: '999', 11: '110' }, 11)],
    ['belongs to another start of the machine', machine({ 10: '100', 11: '110' }, 11, 'boot-2')],
  ])('is taken over when its process %s', async (_, table) => {
    await acquireLock(kit.dir, files, machine({ 10: '100' }, 10));
    const lock = await acquireLock(kit.dir, files, table);
    expect(await files.readdir(kit.dir)).toEqual(['lock-11-110']);
    await lock.release();
  });

  it('never lets two in that come at once', async () => {
    const living = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [at + 20, String(at)]));
    const results = await Promise.allSettled(
      Object.keys(living).map((pid) => acquireLock(kit.dir, files, machine(living, Number(pid)))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  });

  it('does not stumble over a lock file that a power cut left empty', async () => {
    await writeFile(`${kit.dir}/lock-10-100`, '');
    await (await acquireLock(kit.dir, files, machine({ 11: '110' }, 11))).release();
  });
});
