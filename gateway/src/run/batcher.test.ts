import type { Poll } from '@limpid/sdk/acquire';
import { type Channel, LimpidError, QUALITIES, type Quality, type Reading, UNSCALED } from '@limpid/sdk/core';
import type { BatchBody } from '@limpid/sdk/ledger/seal';
import type { Draft, LedgerItem } from '@limpid/sdk/ledger/store';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { sealedItem } from '../../../test/support/sealed-item.ts';
import { Batcher } from './batcher.ts';

const channel: Channel = {
  id: 1,
  device: 'cems',
  name: 'so2',
  code: 'a21026',
  outlet: 'DA001',
  unit: 'mg/m3',
  fn: 3,
  address: 12,
  words: 1,
  type: 'u16',
  order: 'ABCD',
  scale: UNSCALED,
  exponent: 0,
  basis: { moisture: 'dry', state: 'standard', referenceDegC: 0 },
  range: null,
  disclosure: 'public',
};

function poll(clock: FakeClock, raw: number, quality: Quality = QUALITIES.good): Poll {
  const at = { wallMs: clock.wallMs(), monoMs: clock.monoMs() };
  const reading: Reading = { channel, ...at, raw, value: raw, quality };
  return { device: 'cems', ...at, readings: [reading], fault: null };
}

function setUp(clock: FakeClock) {
  const drafts: Draft[] = [];
  const sealed: number[] = [];
  const state = { fault: null as LimpidError | null };
  const append = async (draft: Draft): Promise<LedgerItem> => {
    if (state.fault !== null) throw state.fault;
    const seq = drafts.push(draft) - 1;
    return sealedItem(seq);
  };
  const collect = (polls: readonly Poll[]): BatchBody => ({
    seed: new Uint8Array(),
    baseWallMs: polls[0]?.wallMs ?? 0,
    blocks: polls.map(({ readings }) => ({
      channels: [1],
      offsetsMs: [0],
      columns: [{ raw: [readings[0]?.raw ?? null], value: null, quality: 0 }],
    })),
  });
  const onSealed = (readings: Reading[]) => void sealed.push(...readings.map(({ raw }) => Number(raw)));
  const batcher = new Batcher({ append, collect, clock, batchEveryMs: 10_000, onSealed });
  return { batcher, drafts, sealed, state };
}

const sizes = (drafts: Draft[]) =>
  drafts.map((draft) => (draft.kind === 'batch' ? draft.body.blocks.length : draft.kind));

describe('the batcher', () => {
  it('seals the first readings a tenth of a second after they came and then every ten seconds', async () => {
    const clock = new FakeClock();
    const { batcher, drafts, sealed } = setUp(clock);
    await batcher.start();
    await clock.advance(3_000); // a device that is slow to answer
    batcher.poll(poll(clock, 1));
    await clock.advance(100);
    expect(sizes(drafts)).toEqual([1]);
    for (let n = 2; n <= 4; n += 1) {
      await clock.advance(2_500);
      batcher.poll(poll(clock, n));
    }
    expect(sealed).toEqual([1]);
    await clock.advance(2_500);
    expect(sizes(drafts)).toEqual([1, 3]);
    expect(sealed).toEqual([1, 2, 3, 4]);
    await batcher.stop();
  });

  it('writes no empty batch', async () => {
    const clock = new FakeClock();
    const { batcher, drafts } = setUp(clock);
    await batcher.start();
    await clock.advance(60_000);
    await batcher.stop();
    expect(drafts).toEqual([]);
  });

  it('seals at once when a channel enters an alarm, but not while it stays in one', async () => {
    const clock = new FakeClock();
    const { batcher, drafts } = setUp(clock);
    await batcher.start();
    await clock.advance(500);
    batcher.poll(poll(clock, 1));
    batcher.poll(poll(clock, 2, QUALITIES.deviceAlarm));
    await settle();
    expect(sizes(drafts)).toEqual([2]);
    batcher.poll(poll(clock, 3, QUALITIES.deviceAlarm));
    await settle();
    expect(sizes(drafts)).toEqual([2]);
    batcher.poll(poll(clock, 4));
    batcher.poll(poll(clock, 5, QUALITIES.deviceAlarm));
    await settle();
    expect(sizes(drafts)).toEqual([2, 3]);
    await batcher.stop();
  });

  it('seals what it holds when it is stopped, twice without harm', async () => {
    const clock = new FakeClock();
    const { batcher, drafts } = setUp(clock);
    await batcher.start();
    batcher.poll(poll(clock, 1));
    await batcher.stop();
    await batcher.stop();
    expect(sizes(drafts)).toEqual([1]);
    expect(clock.sleepers).toBe(0);
  });

  it('closes the running batch before an event, and writes missed polls as a gap', async () => {
    const clock = new FakeClock();
    const { batcher, drafts } = setUp(clock);
    await batcher.start();
    batcher.poll(poll(clock, 1));
    batcher.missed({
      device: 'cems',
      line: 'rs485',
      cause: 'overload',
      fromWallMs: 1,
      toWallMs: 2,
      count: 3,
      intervalMs: 1000,
    });
    await settle();
    expect(sizes(drafts)).toEqual([1, 'event']);
    expect(drafts[1]).toMatchObject({ event: 'gap', detail: { cause: 'overload', device: 'cems', expected: 3 } });
    await batcher.stop();
  });

  it('shows nothing that was given up, and goes on', async () => {
    const clock = new FakeClock();
    const { batcher, sealed, state } = setUp(clock);
    await batcher.start();
    state.fault = new LimpidError('LEDGER_DISK_FULL', { dir: 'data', detail: 'ENOSPC' });
    batcher.poll(poll(clock, 1));
    await clock.advance(500);
    state.fault = null;
    batcher.poll(poll(clock, 3));
    await clock.advance(10_000);
    expect(sealed).toEqual([3]);
    await batcher.stop();
  });

  it('closes a batch that has grown large, however long the batches of the site are', async () => {
    const clock = new FakeClock();
    const { batcher, drafts } = setUp(clock);
    await batcher.start();
    await clock.advance(500);
    const { readings, ...rest } = poll(clock, 1);
    for (let n = 0; n < 12; n += 1)
      batcher.poll({ ...rest, readings: Array.from({ length: 10_000 }, () => readings[0]!) });
    await settle();
    expect(sizes(drafts)).toEqual([5, 5]);
    await batcher.stop();
  });
});
