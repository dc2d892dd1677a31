import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../../test/support/fake-clock.ts';
import { MemoryLedger } from '../../../../test/support/memory-ledger.ts';
import { UNSCALED } from '../../core/decimal.ts';
import type { Channel } from '../../core/reading.ts';
import { batchCommitment, encodeBatchBody } from '../../ledger/seal/body.ts';
import type { BatchBlock } from '../../ledger/seal/entry-types.ts';
import { type LiveMessage, runLiveLane } from './live-lane.ts';

const channel: Channel = {
  ...{
    id: 1,
    device: 'cems',
    name: 'so2',
    code: 'a21026',
    outlet: 'DA001',
    unit: 'mg/m3',
    fn: 4,
    address: 0,
    words: 1,
  },
  ...{ type: 'u16', order: 'ABCD', scale: UNSCALED, exponent: -1, range: null, disclosure: 'public' },
  basis: { moisture: 'dry', state: 'standard', referenceDegC: 0 },
};

function rig() {
  const clock = new FakeClock();
  const ledger = new MemoryLedger(clock);
  ledger.channels = [channel];
  const shown: LiveMessage[] = [];
  const stop = new AbortController();
  const seal = (raw: (number | null)[], quality = 0) => {
    const block: BatchBlock = {
      channels: [1],
      offsetsMs: raw.map((_, poll) => poll * 1_000),
      columns: [{ raw, value: null, quality }],
    };
    const body = { seed: new Uint8Array(16), baseWallMs: Date.UTC(2026, 10, 23), blocks: [block] };
    return ledger.addEntry((prefix) => {
      const { count, root } = batchCommitment(ledger.suite, prefix.seq, body, new Map([[1, channel]]));
      return { kind: 'batch', prefix, count, readingsRoot: root };
    }, encodeBatchBody(body));
  };
  const run = () =>
    runLiveLane({ ledger, prefix: 'limpid/1' }, async (message) => void shown.push(message), stop.signal);
  return { ledger, shown, stop, seal, run };
}

describe('live lane', () => {
  it('shows the newest reading of each sealed batch, with every digit, and says that it is no evidence', async () => {
    const { ledger, shown, stop, seal, run } = rig();
    const running = run();
    await settle();
    const { seq } = seal([122, 123]);
    await settle();
    expect(shown).toHaveLength(1);
    expect(shown[0]!.topic).toBe(`limpid/1/${ledger.id}/live/DA001/a21026`);
    expect(JSON.parse(shown[0]!.payload)).toEqual({
      time: '2026-11-23T00:00:01.000Z',
      value: 123,
      text: '123.0',
      unit: 'mg/m³',
      quality: 'good',
      device: 'cems',
      channel: 'so2',
      code: 'a21026',
      outlet: 'DA001',
      seq,
      evidence: false,
    });
    stop.abort();
    await running;
  });

  it('says that there is no value instead of showing an old one', async () => {
    const { shown, stop, seal, run } = rig();
    const running = run();
    seal([null], 1);
    await settle();
    expect(JSON.parse(shown[0]!.payload)).toMatchObject({ value: null, text: null, quality: 'noAnswer' });
    stop.abort();
    await running;
  });

  it('jumps to the newest when it is behind', async () => {
    const { shown, stop, seal, run } = rig();
    for (let index = 0; index < 500; index += 1) seal([index]);
    const running = run();
    await settle(50);
    expect(shown.map(({ payload }) => JSON.parse(payload).value)).toEqual([499]);
    stop.abort();
    await running;
  });

  it('asks for the channels once as long as the context stays the same', async () => {
    const { ledger, shown, stop, seal, run } = rig();
    let asked = 0;
    ledger.channelsAt = async () => {
      asked += 1;
      return ledger.channels;
    };
    const running = run();
    await settle();
    for (const value of [1, 2, 3]) {
      seal([value]);
      await settle();
    }
    expect(shown).toHaveLength(3);
    expect(asked).toBe(1);
    ledger.addEntry((prefix) => ({ kind: 'context', prefix, parts: [] }), null);
    seal([4]);
    await settle();
    expect(asked).toBe(2);
    stop.abort();
    await running;
  });
});
