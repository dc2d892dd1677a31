import { equalBytes } from '@limpid/sdk/ledger/seal';
import type { LedgerItem } from '@limpid/sdk/ledger/store';
import { describe, expect, it } from 'vitest';
import { faultyKit, newKit } from '../../../../test/support/kits-of-tests.ts';
import { batchDraft, contextDraft, type LedgerKit, sampleChannels } from '../../../../test/support/ledger-kit.ts';

const CHANNELS = sampleChannels(3);

describe('bad luck', () => {
  it('keeps order and tree over a full disk, and acknowledges nothing that it did not keep', async () => {
    const { kit, faulty } = await faultyKit();
    const ledger = await kit.open({ segmentBytes: 8192, growBytes: 512 });
    await ledger.append(contextDraft(CHANNELS));
    const acknowledged: LedgerItem[] = [];
    let refused = 0;
    for (let round = 0; round < 60; round += 1) {
      const full = round % 3 === 1;
      faulty.rule = (step) => (full && step === 'write' ? { shortBytes: 100, thenCode: 'ENOSPC' } : null);
      const results = await Promise.allSettled(
        [1, 2].map((salt) => ledger.append(batchDraft(3, { salt: round + salt }))),
      );
      for (const result of results) {
        if (result.status === 'fulfilled') acknowledged.push(result.value);
        else {
          refused += 1;
          expect(result.reason).toMatchObject({ code: 'LEDGER_DISK_FULL', retry: true });
        }
      }
    }
    faulty.rule = () => null;
    expect(refused).toBeGreaterThan(20);
    await ledger.close();
    const again = await kit.open();
    for (const item of acknowledged) expect(await again.read(item.seq)).toEqual(item);
    expect(again.opening.cutBytes).toBe(0);
    await again.close();
  });

  it('takes a short write for what it is and writes the rest', async () => {
    const { kit, faulty } = await faultyKit();
    const ledger = await kit.open();
    faulty.rule = (step) => (step === 'write' ? { shortBytes: 64 } : null);
    const item = await ledger.append({ kind: 'event', event: 'ticket', detail: { text: 'short' } });
    faulty.rule = () => null;
    expect(await ledger.read(item.seq)).toEqual(item);
    await ledger.close();
  });

  it('never writes again after a failed flush, and opens to what was acknowledged', async () => {
    const { kit, faulty } = await faultyKit();
    const ledger = await kit.open();
    const kept = await ledger.append({ kind: 'event', event: 'ticket', detail: { n: 1 } });
    faulty.rule = (step) => (step === 'datasync' ? 'EIO' : null);
    const lost = ledger.append({ kind: 'event', event: 'ticket', detail: { n: 2 } });
    await expect(lost).rejects.toMatchObject({ code: 'LEDGER_WRITE_FAILED' });
    faulty.rule = () => null;
    const later = ledger.append({ kind: 'event', event: 'ticket', detail: { n: 3 } });
    await expect(later).rejects.toMatchObject({ code: 'LEDGER_WRITE_FAILED' });
    await ledger.close();
    const again = await kit.open();
    expect(await again.read(kept.seq)).toEqual(kept);
    await again.close();
  });

  it('keeps a segment in sight that could not be deleted, and deletes it the next time', async () => {
    const { kit, faulty } = await faultyKit();
    const ledger = await kit.open({ segmentBytes: 2048 });
    await ledger.append(contextDraft(CHANNELS));
    for (let salt = 0; salt < 20; salt += 1) await ledger.append(batchDraft(3, { salt }));
    await kit.clock.advance(3 * 86_400_000);
    const policy = { keepDays: 1, receiptedSize: null };
    const usedBytes = ledger.usedBytes();
    faulty.rule = (step) => (step === 'unlink' ? 'EIO' : null);
    await expect(ledger.retain(policy)).rejects.toMatchObject({ code: 'LEDGER_READ_ONLY' });
    expect(ledger.firstSeq()).toBe(0);
    expect((await ledger.read(0)).entry.kind).toBe('key');
    expect(ledger.usedBytes()).toBeGreaterThanOrEqual(usedBytes);
    faulty.rule = () => null;
    expect((await ledger.retain(policy))[0]?.fromSeq).toBe(0);
    expect(ledger.firstSeq()).toBeGreaterThan(0);
    const first = ledger.firstSeq();
    await ledger.close();
    const again = await kit.open();
    expect(again.firstSeq()).toBe(first);
    await again.close();
  });

  it('announces a pressure again whose entry was refused', async () => {
    const { kit, faulty } = await faultyKit();
    const ledger = await kit.open({ quotaBytes: 8192 });
    await ledger.append(contextDraft(CHANNELS));
    while (ledger.usedBytes() < 4096) await ledger.append(batchDraft(3));
    faulty.rule = (step) => (step === 'write' ? 'ENOSPC' : null);
    await expect(ledger.append(batchDraft(3))).rejects.toMatchObject({ code: 'LEDGER_DISK_FULL' });
    faulty.rule = () => null;
    const after = await ledger.append(batchDraft(3));
    expect((await ledger.read(after.seq - 1)).entry).toMatchObject({ detail: { percent: 50 } });
    await ledger.close();
  });

  it.each(['EROFS', 'EACCES'])('says what to do about a folder that refuses with %s', async (code) => {
    const { kit, faulty } = await faultyKit();
    faulty.rule = (step) => (step === 'open' ? code : null);
    await expect(kit.open()).rejects.toMatchObject({ code: 'LEDGER_READ_ONLY' });
  });

  it('refuses a second writer and names the first', async () => {
    const kit = await newKit();
    const ledger = await kit.open();
    await expect(kit.open()).rejects.toMatchObject({ code: 'LEDGER_LOCKED', params: { pid: process.pid } });
    await ledger.close();
    await (await kit.open()).close();
  });

  it('refuses another key, and a lost one is not replaced', async () => {
    const kit = await newKit();
    await (await kit.open()).close();
    const other = await newKit();
    await (await other.open()).close();
    await expect(kit.open({ keyFile: `${other.dir}/keys/ledger.pem` })).rejects.toMatchObject({
      code: 'LEDGER_OTHER_KEY',
    });
    await expect(kit.open({ keyFile: `${kit.dir}/keys/lost.pem` })).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
    await (await kit.open()).close();
  });

  it('keeps every acknowledged entry over a power cut at any flush', async () => {
    for (let cutAt = 0; cutAt < 12; cutAt += 1) {
      const { kit, faulty } = await faultyKit();
      const ledger = await kit.open({ segmentBytes: 2048, growBytes: 512 });
      await ledger.append(contextDraft(CHANNELS));
      const acknowledged: LedgerItem[] = [];
      for (let round = 0; round < cutAt; round += 1)
        acknowledged.push(await ledger.append(batchDraft(3, { salt: round })));
      const release = faulty.holdDatasync();
      const pending = Promise.allSettled([1, 2, 3].map((salt) => ledger.append(batchDraft(3, { salt }))));
      await new Promise((resolve) => setImmediate(resolve));
      await faulty.powerCut();
      release();
      for (const result of await pending) expect(result.status).toBe('rejected');
      await ledger.close().catch(() => undefined);
      const revived = await createRevived(kit);
      for (const item of acknowledged)
        expect(equalBytes((await revived.read(item.seq)).entryBytes, item.entryBytes)).toBe(true);
      await revived.close();
    }
  });
});

/** The same folder after the machine is up again. */
async function createRevived(kit: LedgerKit) {
  const { Ledger, createNodeFiles } = await import('@limpid/sdk/ledger/store');
  const clock = kit.clock;
  clock.bootId = 'after';
  const processes = { ...kit.deps.processes, osBootId: () => 'after' };
  return Ledger.open(kit.dir, { ...kit.deps, files: createNodeFiles(), processes });
}
