import { LimpidError } from '@limpid/sdk/core';
import type { Draft, LedgerItem } from '@limpid/sdk/ledger/store';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { sealedItem } from '../../../test/support/sealed-item.ts';
import { AppendQueue } from './append-queue.ts';

const event = (n: number): Draft => ({ kind: 'event', event: 'gap', detail: n });
const block = (offsetsMs: number[]) => ({
  channels: [1],
  offsetsMs,
  columns: [{ raw: offsetsMs, value: null, quality: 0 }],
});
const batch = (baseWallMs = 0, offsetsMs: number[] = [0, 500]): Draft => ({
  kind: 'batch',
  body: { seed: new Uint8Array(), baseWallMs, blocks: [block(offsetsMs)] },
});
const storageGap = (fromWallMs: number, toWallMs: number, expected: number): Draft => ({
  kind: 'event',
  event: 'gap',
  detail: { cause: 'storage', fromWallMs, toWallMs, expected },
});

/** A ledger whose disk can be full or broken. */
class Disk {
  state: 'good' | 'full' | 'broken' | 'strict' = 'good';
  kept: Draft[] = [];
  rounds: number[] = [];
  #tick = 0;

  append = async (draft: Draft): Promise<LedgerItem> => {
    this.#tick += 1;
    const count = this.#tick;
    await Promise.resolve();
    if (count === this.#tick) this.rounds.push(this.#tick);
    if (this.state === 'full') throw new LimpidError('LEDGER_DISK_FULL', { dir: 'data', detail: 'ENOSPC' });
    if (this.state === 'strict') throw new LimpidError('ENTRY_TOO_LARGE', { sizeBytes: 5000, limitBytes: 4096 });
    if (this.state === 'broken') throw new LimpidError('LEDGER_WRITE_FAILED', { file: 'x', detail: 'EIO', seq: 1 });
    const seq = this.kept.push(draft) - 1;
    return sealedItem(seq);
  };
}

function queue(disk: Disk, clock: FakeClock, limit?: number) {
  const told: { full: boolean; waiting: number }[] = [];
  const fatal: unknown[] = [];
  const refused: unknown[] = [];
  const options = {
    ...{ ledger: disk, clock, onStorage: told.push.bind(told), onFatal: fatal.push.bind(fatal) },
    onRefused: ({ code }: LimpidError) => void refused.push(code),
  };
  return { told, fatal, refused, queue: new AppendQueue(limit === undefined ? options : { ...options, limit }) };
}

describe('the queue to the ledger', () => {
  it('hands drafts of one tick over together and keeps their order', async () => {
    const disk = new Disk();
    const { queue: appends } = queue(disk, new FakeClock());
    const items = await Promise.all([1, 2, 3].map((n) => appends.append(event(n))));
    expect(items.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect(disk.kept).toEqual([event(1), event(2), event(3)]);
  });

  it('keeps everything while the disk is full, and writes it in order when there is room', async () => {
    const disk = new Disk();
    const clock = new FakeClock();
    const { queue: appends, told } = queue(disk, clock);
    disk.state = 'full';
    const first = appends.append(event(1));
    await settle();
    const second = appends.append(event(2));
    await clock.advance(10_000);
    expect(disk.kept).toEqual([]);
    disk.state = 'good';
    await clock.advance(2_000);
    expect((await first).seq).toBe(0);
    expect((await second).seq).toBe(1);
    expect(disk.kept).toEqual([event(1), event(2)]);
    expect(told.map(({ full }) => full)).toEqual([true, false]);
  });

  it('gives up the oldest batches, never an event, and tells where they would have stood', async () => {
    const disk = new Disk();
    const clock = new FakeClock();
    const { queue: appends } = queue(disk, clock, 4);
    disk.state = 'full';
    const kept = [appends.append(event(1))];
    await settle();
    const given = [appends.append(batch(1_000)), appends.append(batch(2_000))].map((draft) =>
      expect(draft).rejects.toMatchObject({ code: 'LEDGER_DISK_FULL' }),
    );
    for (const draft of [event(2), batch(3_000), event(3)]) kept.push(appends.append(draft));
    await Promise.all(given);
    disk.state = 'good';
    await clock.advance(2_000);
    await Promise.all(kept);
    expect(disk.kept).toEqual([event(1), storageGap(1_000, 2_500, 4), event(2), batch(3_000), event(3)]);
  });

  it('ends with the fault of a ledger that cannot be written any more', async () => {
    const disk = new Disk();
    disk.state = 'broken';
    const { queue: appends, fatal } = queue(disk, new FakeClock());
    await expect(appends.append(event(1))).rejects.toMatchObject({ code: 'LEDGER_WRITE_FAILED' });
    expect(fatal).toHaveLength(1);
  });

  it('tells what was given up when it was stopped before anything that still finds room', async () => {
    const disk = new Disk();
    disk.state = 'full';
    const { queue: appends } = queue(disk, new FakeClock());
    const waiting = expect(appends.append(batch(1_000))).rejects.toMatchObject({ code: 'STOPPED' });
    await settle();
    await appends.stop();
    await waiting;
    disk.state = 'good';
    await appends.append(batch(2_000));
    expect(disk.kept).toEqual([storageGap(1_000, 1_500, 2), batch(2_000)]);
  });

  it('goes on after a draft that the format does not take, and says so', async () => {
    const disk = new Disk();
    const { queue: appends, fatal, refused } = queue(disk, new FakeClock());
    disk.state = 'strict';
    await expect(appends.append(event(1))).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' });
    disk.state = 'good';
    await appends.append(event(2));
    expect(disk.kept).toEqual([event(2)]);
    expect(refused).toEqual(['ENTRY_TOO_LARGE']);
    expect(fatal).toEqual([]);
  });

  it('settles what waits for room when it is stopped', async () => {
    const disk = new Disk();
    disk.state = 'full';
    const { queue: appends } = queue(disk, new FakeClock());
    const waiting = appends.append(event(1));
    const expectation = expect(waiting).rejects.toMatchObject({ code: 'STOPPED' });
    await settle();
    await appends.stop();
    await expectation;
  });
});
