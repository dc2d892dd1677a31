import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { MemoryLedger } from '../../../test/support/memory-ledger.ts';
import { LimpidError } from '../core/error.ts';
import { ledgerOrigin, signReceipt } from '../ledger/seal/note.ts';
import { createNodeSigner, createNodeSuite } from '../ledger/store/node-suite.ts';
import { ReceiptDesk } from './receipt-desk.ts';
import type { Disagreement } from './uplink.ts';

const suite = createNodeSuite();
const collector = createNodeSigner(generateKeyPairSync('ed25519').privateKey);
const stranger = createNodeSigner(generateKeyPairSync('ed25519').privateKey);

function rig(stored: string | null = null) {
  const ledger = new MemoryLedger(new FakeClock());
  ledger.addEvents(9);
  const seen = {
    saved: [] as string[],
    progress: [] as number[],
    back: [] as number[],
    faults: [] as (string | null)[],
    receipts: [] as number[],
    ahead: [] as Disagreement[],
    forks: [] as Disagreement[],
  };
  const store = { load: async () => stored, save: async (text: string) => void seen.saved.push(text) };
  const desk = new ReceiptDesk({
    court: { uplink: 'cloud', suite, ledger, keys: [collector.publicKey] },
    store,
    deps: {
      onReceipt: (_, size) => void seen.receipts.push(size),
      onPeerAhead: (found) => void seen.ahead.push(found),
      onForkFound: (found) => void seen.forks.push(found),
    },
    onProgress: (size) => seen.progress.push(size),
    onGoBack: (size) => seen.back.push(size),
    onFault: (fault: LimpidError | null) => seen.faults.push(fault?.code ?? null),
  });
  const note = async (
    size: number,
    timeS: number,
    change: { root?: Uint8Array; by?: typeof collector; id?: string } = {},
  ) =>
    signReceipt(
      suite,
      {
        origin: ledgerOrigin(change.id ?? ledger.id),
        size,
        root: change.root ?? (await ledger.rootAt(Math.min(size, ledger.size()))),
        timeS,
      },
      'far-end',
      change.by ?? collector,
    );
  const take = async (...notes: string[]) => {
    for (const one of notes) desk.take(one);
    await desk.settled();
  };
  return { ledger, desk, seen, note, take, store };
}

describe('ReceiptDesk', () => {
  it('takes a good receipt: on the disk first, then progress, then the gateway', async () => {
    const { desk, seen, note, take } = rig();
    const good = await note(4, 100);
    await take(good);
    expect(seen).toMatchObject({ saved: [good], progress: [4], receipts: [4], faults: [null] });
    expect(desk).toMatchObject({ receiptedSize: 4, receiptAtMs: 100_000 });
  });

  it('frees nothing for a wrong key, another ledger, another root, or an altered note', async () => {
    const { desk, seen, note, take, ledger } = rig();
    const good = await note(4, 100);
    await take(
      await note(5, 100, { by: stranger }),
      await note(5, 100, { id: '0011223344556677' }),
      good.replace('\n4\n', '\n8\n'),
      '',
    );
    expect(seen.faults).toEqual(Array(4).fill('UPLINK_RECEIPT_REFUSED'));
    await take(await note(5, 100, { root: new Uint8Array(32) }));
    expect(seen.faults.at(-1)).toBe('UPLINK_FORK');
    expect(seen.forks).toMatchObject([{ size: 5, ourSize: ledger.size() }]);
    expect(desk.receiptedSize).toBe(0);
    expect(seen.saved).toEqual([]);
    expect(seen.receipts).toEqual([]);
  });

  it('takes no receipt that somebody has made too long for an entry of the ledger', async () => {
    const { desk, seen, note, take } = rig();
    const line = (await note(5, 100, { by: stranger })).split('\n').at(-2) ?? '';
    const good = await note(5, 100);
    await take(`${good}${`${line}\n`.repeat(20)}`);
    expect(seen.faults).toEqual(['UPLINK_RECEIPT_REFUSED']);
    await take(`${good}${line}\n`);
    expect(desk.receiptedSize).toBe(5);
  });

  it('reports a far end that is ahead, once, and frees nothing', async () => {
    const { desk, seen, note, take } = rig();
    const ahead = await note(99, 100);
    await take(ahead);
    await take(ahead);
    expect(seen.faults).toEqual(['UPLINK_PEER_AHEAD', 'UPLINK_PEER_AHEAD']);
    expect(seen.ahead).toMatchObject([{ size: 99, ourSize: 10, note: ahead }]);
    expect(desk.receiptedSize).toBe(0);
  });

  it('is deaf to old and repeated receipts', async () => {
    const { desk, seen, note, take } = rig();
    const newest = await note(6, 100);
    await take(newest, await note(4, 99), newest, await note(6, 100), await note(6, 98));
    expect(seen).toMatchObject({ progress: [6], receipts: [6], back: [] });
    expect(desk.receiptedSize).toBe(6);
  });

  it('goes on from a newer receipt that covers no more, and says when it covers less', async () => {
    const { desk, seen, note, take } = rig();
    await take(await note(6, 100), await note(6, 101));
    expect(seen.back).toEqual([6]);
    await take(await note(3, 102));
    expect(seen.back).toEqual([6, 3]);
    expect(seen.faults).toEqual([null, null, 'UPLINK_PEER_BEHIND']);
    expect(desk.receiptedSize).toBe(3);
    expect(seen.receipts).toEqual([6]);
  });

  it('is deaf to an older receipt that covers more: the far end has lost that since', async () => {
    const { desk, seen, note, take } = rig();
    await take(await note(3, 102), await note(9, 101));
    expect(seen).toMatchObject({ progress: [3], receipts: [3] });
    expect(desk.receiptedSize).toBe(3);
    await take(await note(5, 102));
    expect(seen.receipts).toEqual([3, 5]);
  });

  it('says that the far end is behind until it has again what it had signed for', async () => {
    const { seen, note, take } = rig();
    await take(await note(8, 100), await note(0, 101), await note(0, 102), await note(5, 103));
    expect(seen.faults).toEqual([null, ...Array(3).fill('UPLINK_PEER_BEHIND')]);
    await take(await note(8, 104));
    expect(seen.faults.at(-1)).toBe(null);
  });

  it('believes a far end that lost what is deleted here, so that nothing more is freed', async () => {
    const { desk, seen, note, take, ledger } = rig();
    const lost = await note(0, 101);
    await take(await note(8, 100));
    ledger.first = 6;
    ledger.rootAt = (size) => Promise.reject(new LimpidError('LEDGER_NO_SUCH_ENTRY', { seq: size, size: 10 }));
    await take(lost);
    expect(desk.receiptedSize).toBe(0);
    expect(seen).toMatchObject({ back: [0], faults: [null, 'UPLINK_PEER_BEHIND'], receipts: [8] });
    await take(await note(4, 102, { root: new Uint8Array(32) }));
    expect(seen).toMatchObject({ back: [0, 4], progress: [8], receipts: [8] });
  });

  it('frees although the receipt cannot be kept: the disk may be full', async () => {
    const { desk, seen, note, take, store } = rig();
    store.save = () => Promise.reject(new LimpidError('LEDGER_READ_ONLY', { dir: '/', detail: 'ENOSPC' }));
    await take(await note(4, 100));
    expect(seen).toMatchObject({ progress: [4], receipts: [4], faults: ['LEDGER_READ_ONLY'] });
    expect(desk.receiptedSize).toBe(4);
  });

  it('reports a disagreement once, however often it is signed', async () => {
    const { seen, note, take } = rig();
    await take(await note(99, 100), await note(99, 101), await note(5, 102, { root: new Uint8Array(32) }));
    await take(await note(5, 103, { root: new Uint8Array(32) }));
    expect([seen.ahead.length, seen.forks.length]).toEqual([1, 1]);
  });

  it('begins with the receipt of the last run when it still holds', async () => {
    const first = rig();
    const kept = await first.note(5, 100);
    const court = first.ledger;
    const again = new ReceiptDesk({
      court: { uplink: 'cloud', suite, ledger: court, keys: [collector.publicKey] },
      store: { load: async () => kept, save: async () => {} },
      deps: {},
      onProgress: () => {},
      onGoBack: () => {},
      onFault: () => {},
    });
    await again.restore();
    expect(again.receiptedSize).toBe(5);
    const other = rig(kept);
    await other.desk.restore();
    expect(other.desk.receiptedSize).toBe(0);
    expect(other.seen.faults).toEqual(['UPLINK_RECEIPT_REFUSED']);
  });

  it('refuses every receipt where the site lists no keys', async () => {
    const { ledger, note } = rig();
    const faults: (string | undefined)[] = [];
    const desk = new ReceiptDesk({
      court: { uplink: 'cloud', suite, ledger, keys: [] },
      store: { load: async () => null, save: async () => {} },
      deps: {},
      onProgress: () => {},
      onGoBack: () => {},
      onFault: (fault) => faults.push(fault?.code),
    });
    desk.take(await note(1, 1));
    await desk.settled();
    expect(faults).toEqual(['UPLINK_RECEIPT_REFUSED']);
  });

  it('survives any text', async () => {
    const { desk, take } = rig();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), async (text) => {
        await take(text);
        expect(desk.receiptedSize).toBe(0);
      }),
    );
  });
});
