import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { LimpidError } from '../core/error.ts';
import { type Wire, zeroCounters } from './wire.ts';
import { WireLine } from './wire-line.ts';

/** A wire that answers at once and is lost when a test says so. */
class FakeWire implements Wire {
  readonly cost = { perRequestMs: 1, perRegisterMs: 1 };
  readonly counters = zeroCounters();
  opened = 0;
  lose: () => void = () => undefined;

  async open(_signal: AbortSignal, onLost: (fault: LimpidError) => void): Promise<void> {
    this.opened += 1;
    this.lose = () => onLost(new LimpidError('LINE_LOST', { line: 'plc', detail: 'closed' }));
  }

  async exchange(): Promise<Uint16Array> {
    this.counters.answers += 1;
    return Uint16Array.of(7);
  }

  async close(): Promise<void> {}
}

const reconnect = { initialMs: 500, maximumMs: 10_000, factor: 2, jitter: 0 };
const request = { unit: 1, fn: 3, address: 0, count: 1 } as const;

describe('a connection that the other end closes', () => {
  let clock: FakeClock;
  let wire: FakeWire;
  let line: WireLine;
  beforeEach(async () => {
    clock = new FakeClock();
    wire = new FakeWire();
    line = new WireLine({ name: 'plc', timeoutMs: 1_000, wire, clock, random: () => 0, reconnect });
    await line.start();
  });
  afterEach(() => line.stop());

  it('for want of requests is there again for the next one, however often', async () => {
    for (let times = 0; times < 8; times += 1) {
      await clock.advance(5_000);
      wire.lose();
      await settle();
    }
    expect([...(await line.read(request))]).toEqual([7]);
  });

  it('as soon as it is open is opened again ever more rarely', async () => {
    for (let tenth = 0; tenth < 600; tenth += 1) {
      wire.lose();
      await clock.advance(100);
    }
    expect(wire.opened).toBeLessThan(15);
  });
});
