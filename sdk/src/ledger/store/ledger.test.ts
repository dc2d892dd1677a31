import { stat } from 'node:fs/promises';
import { EVENT_CODES } from '@limpid/sdk/ledger/seal';
import type { LedgerItem } from '@limpid/sdk/ledger/store';
import { describe, expect, it } from 'vitest';
import { faultyKit, newKit } from '../../../../test/support/kits-of-tests.ts';
import { batchDraft, collect, contextDraft, sampleChannels } from '../../../../test/support/ledger-kit.ts';

const CHANNELS = sampleChannels(3);
const isEvent = (item: LedgerItem | undefined, name: keyof typeof EVENT_CODES) =>
  item?.entry.kind === 'event' && item.entry.code === EVENT_CODES[name];

describe('a new ledger', () => {
  it('begins with its key and a signed boot event', async () => {
    const kit = await newKit();
    const ledger = await kit.open();
    expect(ledger.size()).toBe(2);
    const [key, boot] = await collect(ledger.items(0));
    expect(key?.entry.kind).toBe('key');
    expect(isEvent(boot, 'boot')).toBe(true);
    expect(ledger.id).toMatch(/^[0-9a-f]{16}$/);
    await ledger.close();
  });

  it('gives back what was appended, byte for byte, after it was opened again', async () => {
    const kit = await newKit();
    const first = await kit.open();
    await first.append(contextDraft(CHANNELS));
    const batch = await first.append(batchDraft(3));
    const id = first.id;
    await first.close();
    const second = await kit.open();
    expect(second.id).toBe(id);
    expect(second.opening).toMatchObject({ created: false, start: 2, cutBytes: 0 });
    const again = await second.read(batch.seq);
    expect(again).toEqual(batch);
    expect(await second.channelsAt(batch.seq)).toEqual(CHANNELS);
    const boot = (await collect(second.items(second.size() - 1)))[0];
    expect(boot?.entry).toMatchObject({ detail: { clean: true, previousSeq: second.size() - 2, cutBytes: 0 } });
    expect(boot?.entry.prefix.start).toBe(2);
    await second.close();
  });

  it('does not write an unchanged context again, also after a restart', async () => {
    const kit = await newKit();
    const first = await kit.open();
    const written = await first.append(contextDraft(CHANNELS));
    const size = first.size();
    expect((await first.append(contextDraft(CHANNELS))).seq).toBe(written.seq);
    expect(first.size()).toBe(size);
    await first.close();
    const second = await kit.open();
    expect((await second.append(contextDraft(CHANNELS))).seq).toBe(written.seq);
    const changed = await second.append(contextDraft(CHANNELS, 'other'));
    expect(changed.seq).toBeGreaterThan(written.seq);
    const back = await second.append(contextDraft(CHANNELS));
    expect(await second.channelsAt(back.seq)).toEqual(CHANNELS);
    await second.close();
  });

  it('signs a head that every reader can recompute', async () => {
    const kit = await newKit();
    const ledger = await kit.open({ segmentBytes: 4096 });
    await ledger.append(contextDraft(CHANNELS));
    for (let round = 0; round < 30; round += 1) await ledger.append(batchDraft(3, { salt: round }));
    const roots = await Promise.all([1, 5, ledger.size()].map((size) => ledger.rootAt(size)));
    const later = await ledger.append(batchDraft(3));
    expect(later.entry.prefix.root).toEqual(roots[2]);
    expect(roots[1]).toEqual((await ledger.read(5)).entry.prefix.root);
    await ledger.close();
  });
});

describe('group commit', () => {
  it('lets the entries of one tick share one flush', async () => {
    const { kit, faulty } = await faultyKit();
    const ledger = await kit.open();
    await ledger.append(contextDraft(CHANNELS));
    const before = faulty.count('datasync');
    await Promise.all([1, 2, 3, 4].map((salt) => ledger.append(batchDraft(3, { salt }))));
    expect(faulty.count('datasync') - before).toBe(1);
    await ledger.close();
  });

  it('seals what comes during a flush for the next one, and shows nothing before it is on the disk', async () => {
    const { kit, faulty } = await faultyKit();
    const ledger = await kit.open();
    await ledger.append(contextDraft(CHANNELS));
    const size = ledger.size();
    const release = faulty.holdDatasync();
    const before = faulty.count('datasync');
    const first = ledger.append(batchDraft(3));
    await Promise.resolve();
    await Promise.resolve();
    const rest = [1, 2, 3].map((salt) => ledger.append(batchDraft(3, { salt })));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ledger.size()).toBe(size);
    release();
    await Promise.all([first, ...rest]);
    expect(ledger.size()).toBe(size + 4);
    expect(faulty.count('datasync') - before).toBe(2);
    await ledger.close();
  });

  it('refuses one bad draft without harming its neighbours', async () => {
    const kit = await newKit();
    const ledger = await kit.open();
    await ledger.append(contextDraft(CHANNELS));
    const good = ledger.append(batchDraft(3));
    const bad = ledger.append({ kind: 'event', event: 'ticket', detail: { text: 'x'.repeat(5000) } });
    const alsoGood = ledger.append(batchDraft(3));
    await expect(bad).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' });
    expect((await alsoGood).seq).toBe((await good).seq + 1);
    await ledger.close();
  });
});

describe('clocks', () => {
  it('signs a step of the wall clock before the next entry', async () => {
    const kit = await newKit();
    const ledger = await kit.open();
    kit.clock.wall -= 3_600_000;
    const ticket = await ledger.append({ kind: 'event', event: 'ticket', detail: {} });
    const step = await ledger.read(ticket.seq - 1);
    expect(isEvent(step, 'clockStep')).toBe(true);
    expect(step.entry).toMatchObject({ detail: { afterMs: kit.clock.wall, beforeMs: kit.clock.wall + 3_600_000 } });
    await ledger.close();
  });

  it('signs a step before anything else that the ledger has to say', async () => {
    const kit = await newKit();
    const ledger = await kit.open({ quotaBytes: 4096 });
    await ledger.append(contextDraft(CHANNELS));
    while (ledger.usedBytes() < 2048) await ledger.append(batchDraft(3));
    const size = ledger.size();
    kit.clock.wall += 60_000;
    await ledger.append(batchDraft(3));
    const [first, second] = await collect(ledger.items(size));
    expect(isEvent(first, 'clockStep')).toBe(true);
    expect(isEvent(second, 'bufferPressure')).toBe(true);
    await ledger.close();
  });

  it('signs a change of what is known about the clock, and nothing for a drift below a second', async () => {
    const kit = await newKit();
    const ledger = await kit.open();
    kit.clock.wall += 900;
    await ledger.append({ kind: 'event', event: 'ticket', detail: {} });
    kit.clock.state = { state: 3, errorMs: 50, source: 2 };
    const ticket = await ledger.append({ kind: 'event', event: 'ticket', detail: {} });
    expect(isEvent(await ledger.read(ticket.seq - 1), 'clockState')).toBe(true);
    expect(ledger.size()).toBe(5);
    await ledger.close();
  });
});

describe('segments', () => {
  it('are sealed read-only with a footer, and a reader does not notice where they join', async () => {
    const kit = await newKit();
    const ledger = await kit.open({ segmentBytes: 4096, growBytes: 1024 });
    await ledger.append(contextDraft(CHANNELS));
    for (let round = 0; round < 40; round += 1) {
      await kit.clock.advance(1000);
      await ledger.append(batchDraft(3, { salt: round }));
    }
    const names = (await kit.deps.files.readdir(kit.ledgerDir)).filter((name) => name.endsWith('.seg')).sort();
    expect(names.length).toBeGreaterThan(3);
    expect((await stat(`${kit.ledgerDir}/${names[0]}`)).mode & 0o777).toBe(0o400);
    const items = await collect(ledger.items(0));
    expect(items.map((item) => item.seq)).toEqual(Array.from({ length: ledger.size() }, (_, seq) => seq));
    const middle = items[20]!;
    expect(await ledger.findByTime(middle.entry.prefix.wallMs)).toBe(20);
    expect(await ledger.findByTime(kit.clock.wall + 1)).toBe(ledger.size());
    expect(await ledger.channelsAt(30)).toEqual(CHANNELS);
    await ledger.close();
    const again = await kit.open({ segmentBytes: 4096, growBytes: 1024 });
    expect(await collect(again.items(0, { to: items.length }))).toEqual(items);
    await again.close();
  });

  it('are followed while they are written, until the signal or the end', async () => {
    const kit = await newKit();
    const ledger = await kit.open({ segmentBytes: 4096 });
    await ledger.append(contextDraft(CHANNELS));
    const seen = collect(ledger.items(0, { follow: true }));
    const aborted = new AbortController();
    const other = collect(ledger.items(0, { follow: true, signal: aborted.signal }));
    for (let round = 0; round < 20; round += 1) await ledger.append(batchDraft(3, { salt: round }));
    aborted.abort();
    await ledger.close();
    expect((await seen).length).toBe(ledger.size());
    expect((await other).length).toBeLessThanOrEqual(ledger.size());
  });
});

describe('buffer pressure', () => {
  it('is signed once at each mark', async () => {
    const kit = await newKit();
    const ledger = await kit.open({ segmentBytes: 4096, quotaBytes: 16_384 });
    await ledger.append(contextDraft(CHANNELS));
    for (let round = 0; round < 50; round += 1) await ledger.append(batchDraft(3, { salt: round }));
    const marks = (await collect(ledger.items(0))).filter((item) => isEvent(item, 'bufferPressure'));
    expect(marks.map(({ entry }) => entry.kind === 'event' && entry.detail)).toEqual([
      { percent: 50 },
      { percent: 80 },
      { percent: 95 },
    ]);
    await ledger.close();
  });
});

describe('retention', () => {
  it('deletes the oldest sealed segments that are old and receipted, each after a signed drop event', async () => {
    const kit = await newKit();
    const ledger = await kit.open({ segmentBytes: 4096 });
    await ledger.append(contextDraft(CHANNELS));
    for (let round = 0; round < 40; round += 1) await ledger.append(batchDraft(3, { salt: round }));
    await kit.clock.advance(10 * 86_400_000);
    expect(await ledger.retain({ keepDays: 3, receiptedSize: 0 })).toEqual([]);
    const dropped = await ledger.retain({ keepDays: 3, receiptedSize: 20 });
    expect(dropped[0]?.fromSeq).toBe(0);
    expect(ledger.firstSeq()).toBeLessThanOrEqual(20);
    expect(ledger.firstSeq()).toBe(dropped.at(-1)!.toSeq + 1);
    await expect(ledger.read(0)).rejects.toMatchObject({ code: 'LEDGER_NO_SUCH_ENTRY' });
    expect(await ledger.channelsAt(ledger.firstSeq())).toEqual(CHANNELS);
    const byAge = await ledger.retain({ keepDays: 3, receiptedSize: null });
    expect(byAge.length).toBeGreaterThan(0);
    const last = await ledger.append(batchDraft(3));
    await ledger.close();
    const again = await kit.open();
    expect(await again.channelsAt(last.seq)).toEqual(CHANNELS);
    await again.close();
  });
});
