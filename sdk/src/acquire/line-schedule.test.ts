import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { LineSchedule } from './line-schedule.ts';
import type { MissedPolls, Poll, PollSource, Sink } from './poll.ts';

class Collected implements Sink {
  polls: Poll[] = [];
  gaps: MissedPolls[] = [];
  /** what came, in its order */
  told: (number | 'gap')[] = [];
  poll(poll: Poll) {
    this.polls.push(poll);
    this.told.push(poll.monoMs);
  }
  missed(missed: MissedPolls) {
    this.gaps.push(missed);
    this.told.push('gap');
  }
  at = (device: string) => this.polls.filter((poll) => poll.device === device).map((poll) => poll.monoMs);
}

function source(clock: FakeClock, device: string, intervalMs: number, takesMs: () => number = () => 0): PollSource {
  return {
    device,
    intervalMs,
    async poll(signal) {
      const at = { wallMs: clock.wallMs(), monoMs: clock.monoMs() };
      await clock.waitUntil(clock.monoMs() + takesMs(), signal);
      return { device, ...at, readings: [], fault: null };
    },
  };
}

function schedule(clock: FakeClock, sources: PollSource[]): { line: LineSchedule; sink: Collected; faults: unknown[] } {
  const sink = new Collected();
  const faults: unknown[] = [];
  const line = new LineSchedule({ line: 'rs485', sources, sink, clock, onFault: (fault) => faults.push(fault) });
  return { line, sink, faults };
}

describe('the poll schedule of a line', () => {
  it('polls each device at its own interval without drift, however long a poll takes', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    let turn = 0;
    const { line, sink } = schedule(clock, [source(clock, 'cems', 1000, () => (turn++ * 7) % 400)]);
    await line.start();
    await clock.advance(10_500);
    expect(sink.at('cems')).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000]);
    expect(sink.gaps).toEqual([]);
    await line.stop();
  });

  it('starts devices of one line staggered, and the first at once', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    const { line, sink } = schedule(clock, [source(clock, 'a', 2000), source(clock, 'b', 2000)]);
    await line.start();
    await clock.advance(2000);
    expect(sink.at('a')).toEqual([0, 2000]);
    expect(sink.at('b')).toEqual([500]);
    await line.stop();
  });

  it('reports overload as missed polls instead of piling them up', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    const { line, sink } = schedule(clock, [source(clock, 'slow', 1000, () => 3500)]);
    await line.start();
    await clock.advance(60_000);
    await line.stop();
    const missed = sink.gaps.reduce((sum, gap) => sum + gap.count, 0);
    expect(sink.polls.length).toBeLessThanOrEqual(18);
    expect(sink.polls.length + missed).toBeGreaterThanOrEqual(58);
    expect(sink.gaps.length).toBeLessThanOrEqual(3);
    expect(sink.gaps[0]).toMatchObject({ device: 'slow', line: 'rs485', cause: 'overload', intervalMs: 1000 });
  });

  it('reports missed polls in whole ms, whatever fractions the monotonic clock has', async () => {
    const clock = new FakeClock({ monoMs: 0.372 });
    const { line, sink } = schedule(clock, [source(clock, 'slow', 1000, () => 3500.61)]);
    await line.start();
    await clock.advance(10_000);
    await line.stop();
    expect(sink.gaps.length).toBeGreaterThan(0);
    for (const { fromWallMs, toWallMs } of sink.gaps) {
      expect([fromWallMs, toWallMs].every(Number.isSafeInteger)).toBe(true);
    }
  });

  it('tells each silence of several polls before the poll that ends it, also twice in a minute', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    let turn = 0;
    const { line, sink } = schedule(clock, [source(clock, 'a', 1000, () => (turn++ % 5 === 1 ? 3900 : 0))]);
    await line.start();
    await clock.advance(14_500);
    expect(sink.told).toEqual([0, 1000, 'gap', 4900, 5000, 6000, 7000, 8000, 'gap', 11_900, 12_000, 13_000, 14_000]);
    await line.stop();
  });

  it('a slow poll of one device delays its neighbour and makes it miss nothing once it is over', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    let first = true;
    const { line, sink } = schedule(clock, [
      source(clock, 'a', 1000, () => {
        const ms = first ? 900 : 0;
        first = false;
        return ms;
      }),
      source(clock, 'b', 1000),
    ]);
    await line.start();
    await clock.advance(3100);
    expect(sink.at('b')).toEqual([900, 1250, 2250]);
    expect(sink.gaps).toEqual([]);
    await line.stop();
  });

  it('stops in the middle of a poll, twice without harm, and leaves no timer', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    const { line, sink, faults } = schedule(clock, [source(clock, 'a', 1000, () => 400)]);
    await line.start();
    await clock.advance(1200);
    await line.stop();
    await line.stop();
    await settle();
    expect(clock.sleepers).toBe(0);
    expect(sink.at('a')).toEqual([0]);
    expect(faults).toEqual([]);
  });

  it('hands a defect of a source to its owner', async () => {
    const clock = new FakeClock({ monoMs: 0 });
    const broken: PollSource = { device: 'a', intervalMs: 1000, poll: () => Promise.reject(new Error('defect')) };
    const { line, faults } = schedule(clock, [broken]);
    await line.start();
    await settle();
    expect(faults.map(String)).toEqual(['Error: defect']);
    await line.stop();
  });
});
