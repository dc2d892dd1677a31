import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../../test/support/fake-clock.ts';
import { MemoryLedger } from '../../../../test/support/memory-ledger.ts';
import { LimpidError } from '../../core/error.ts';
import { peekEntry } from '../../ledger/seal/entry.ts';
import { encodeItem, parseItem } from '../../ledger/seal/item.ts';
import { DeliveryWindow } from '../delivery-window.ts';
import { EvidenceLane } from './evidence-lane.ts';

/** A broker's end of the lane whose PUBACKs come when the test says so. */
function rig(options: { entries?: number; maxInFlight?: number; messageBytes?: number; autoAck?: boolean } = {}) {
  const clock = new FakeClock();
  const ledger = new MemoryLedger(clock);
  ledger.addEvents(options.entries ?? 4);
  const window = new DeliveryWindow(0, true);
  const stalls: (string | null)[] = [];
  const lane = new EvidenceLane({
    name: 'cloud',
    ledger,
    clock,
    window,
    outstandingBytes: 1_000_000,
    progressTimeoutMs: 20_000,
    onStall: (fault) => stalls.push(fault?.code ?? null),
  });
  const messages: number[][] = [];
  const acks: { resolve: () => void; reject: (fault: unknown) => void }[] = [];
  const stop = new AbortController();
  const connection = {
    maxInFlight: options.maxInFlight ?? 3,
    messageBytes: options.messageBytes ?? 1,
    send: (payload: Uint8Array) =>
      new Promise<void>((resolve, reject) => {
        messages.push(sequencesOf(payload));
        acks.push({ resolve, reject });
        if (options.autoAck ?? true) resolve();
      }),
  };
  const run = () => lane.run(connection, stop.signal);
  return { clock, ledger, window, lane, stalls, messages, acks, stop, connection, run };
}

function sequencesOf(payload: Uint8Array): number[] {
  const sequences: number[] = [];
  for (let at = 0; at < payload.length; ) {
    const parsed = parseItem(payload, at);
    if (parsed === 'incomplete') throw new Error('a message ends inside an item');
    sequences.push(peekEntry(parsed.item.entryBytes).entry.prefix.seq);
    at = parsed.end;
  }
  return sequences;
}

describe('EvidenceLane', () => {
  it('sends every entry in order, as the bytes of its item, and follows the ledger', async () => {
    const { ledger, messages, stop, run } = rig({ maxInFlight: 100 });
    const running = run();
    await settle();
    ledger.addEvent('late');
    await settle();
    expect(messages).toEqual([[0], [1], [2], [3], [4], [5]]);
    stop.abort();
    await running;
  });

  it('joins what is waiting up to the size of a message, and never splits an item', async () => {
    const { ledger, messages, stop, run, connection } = rig({ entries: 20 });
    connection.messageBytes = encodeItem(await ledger.read(1)).length * 4 + 10;
    const running = run();
    await settle();
    expect(messages.length).toBeLessThan(9);
    expect(messages.flat()).toEqual([...Array(21).keys()]);
    stop.abort();
    await running;
  });

  it('has no more messages out than the broker takes', async () => {
    const { acks, messages, stop, run } = rig({ autoAck: false, entries: 10 });
    const running = run();
    await settle();
    expect(messages).toEqual([[0], [1], [2]]);
    acks[0]!.resolve();
    await settle();
    expect(messages).toHaveLength(4);
    stop.abort();
    await running;
  });

  it('goes back to the last receipt when there is no progress, with one message at a time until there is', async () => {
    const { clock, lane, messages, stalls, stop, run } = rig({ maxInFlight: 100, entries: 4 });
    const running = run();
    await settle();
    lane.receipt(2);
    await clock.advance(19_000);
    expect(messages).toHaveLength(5);
    await clock.advance(2_000);
    expect(stalls).toEqual(['UPLINK_STALLED']);
    expect(messages.slice(5)).toEqual([[2]]);
    lane.receipt(3);
    await settle();
    expect(messages.slice(5)).toEqual([[2], [3], [4]]);
    expect(stalls).toEqual(['UPLINK_STALLED', null]);
    stop.abort();
    await running;
  });

  it('costs less and less while the far end stays away', async () => {
    const { clock, messages, stop, run } = rig({ maxInFlight: 100, entries: 1 });
    const running = run();
    await clock.advance(3_600_000);
    // 20 s, then 40, 80, 160 and every 320 s
    expect(messages.length).toBeLessThan(20);
    expect(messages.length).toBeGreaterThan(8);
    stop.abort();
    await running;
  });

  it('does not stall while everything is receipted', async () => {
    const { clock, lane, stalls, stop, run } = rig();
    const running = run();
    await settle();
    lane.receipt(5);
    await clock.advance(600_000);
    expect(stalls).toEqual([]);
    stop.abort();
    await running;
  });

  it('goes on from where the far end asks it to, but listens less when that brings no progress', async () => {
    const { clock, lane, messages, stop, run } = rig({ maxInFlight: 100 });
    const running = run();
    await settle();
    lane.requestGoBack(0);
    lane.requestGoBack(0);
    await settle();
    expect(messages.slice(5)).toEqual([[0]]);
    for (let second = 0; second < 100; second += 1) {
      await clock.advance(100);
      lane.requestGoBack(0);
    }
    expect(messages.length).toBeLessThan(15);
    stop.abort();
    await running;
  });

  it('jumps over what the far end already has', async () => {
    const { lane, messages, stop, run } = rig({ autoAck: false, entries: 10 });
    const running = run();
    await settle();
    lane.receipt(9);
    await settle();
    expect(messages).toEqual([[0], [1], [2]]); // three PUBACKs are still due
    stop.abort();
    await running;
  });

  it('gives up a connection on which nothing is acknowledged, and one that refuses a message', async () => {
    const silent = rig({ autoAck: false });
    const running = silent.run();
    const refusal = expect(running).rejects.toMatchObject({ code: 'UPLINK_STALLED' });
    await silent.clock.advance(21_000);
    await refusal;

    const refusing = rig({ autoAck: false });
    const refused = expect(refusing.run()).rejects.toMatchObject({ code: 'UPLINK_REFUSED' });
    await settle();
    refusing.acks[1]!.reject(new LimpidError('UPLINK_REFUSED', { uplink: 'cloud' }));
    await refused;
  });

  it('starts again from the last receipt on the next connection', async () => {
    const { lane, messages, acks, run, stop } = rig({ autoAck: false, entries: 2 });
    const first = run().catch(() => {});
    await settle();
    lane.receipt(1);
    acks[2]!.reject(new LimpidError('UPLINK_UNREACHABLE', {}));
    await first;
    const second = run();
    await settle();
    expect(messages).toEqual([[0], [1], [2], [1], [2]]);
    stop.abort();
    await second;
  });

  it('ends with the fault of the ledger, which says what is damaged', async () => {
    const { ledger, run } = rig();
    ledger.read = () => Promise.reject(new LimpidError('LEDGER_DAMAGED', { seq: 0 }));
    await expect(run()).rejects.toMatchObject({ code: 'LEDGER_DAMAGED' });
  });
});
