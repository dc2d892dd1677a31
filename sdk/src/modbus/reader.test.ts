import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeLine } from '../../../test/support/fake-line.ts';
import { layoutMap } from '../../../test/support/register-layouts.ts';
import { expectTrueWords, faults, field, map, spansOf, steady } from '../../../test/support/register-scan.ts';
import { isLimpidError, LimpidError } from '../core/error.ts';
import type { DeviceMap } from './field.ts';
import { RegisterReader, type RegisterReaderOptions } from './reader.ts';
import { UnitHealth } from './unit-health.ts';

let clock: FakeClock;
let line: FakeLine;
beforeEach(() => {
  clock = new FakeClock();
  line = new FakeLine(clock);
});

function readerOf(each: DeviceMap, rest: Partial<RegisterReaderOptions> = {}): RegisterReader {
  return new RegisterReader({ line, unit: 7, map: each, clock, random: () => 0, backoff: steady, ...rest });
}

describe('a scan', () => {
  it('brings the words of every field by the planned requests', async () => {
    const each = layoutMap('scatter');
    const reader = readerOf(each);
    expectTrueWords(await reader.read(), each.fields);
    expect(line.taken()).toHaveLength(reader.plan().length);
  });

  it('dates each field with the moment its answer was complete', async () => {
    const results = await readerOf(map([field(0), field(500)])).read();
    const moments = [...results.values()].map((result) => result.monoMs);
    expect(moments).toEqual([1_000_000 + 27.88, 1_000_000 + 2 * 27.88]);
  });

  it('refuses a map that cannot be read when it is made', () => {
    expect(() => readerOf(map([field(0, 126)]))).toThrow(
      expect.toSatisfy((fault: unknown) => isLimpidError(fault, 'REQUEST_INVALID')),
    );
  });

  it('plans anew when the line has learned that its requests cost something else', async () => {
    const reader = readerOf(map([field(0), field(20)]));
    await reader.read();
    expect(line.taken()).toHaveLength(2);
    line.cost = { perRequestMs: 100, perRegisterMs: 1 };
    await reader.read();
    expect(line.taken()).toHaveLength(1);
  });

  it('rejects with STOPPED when it is aborted, and may probe again afterwards', async () => {
    const reader = readerOf(map([field(0)]));
    line.override = () => 'silence';
    await reader.read();
    clock.mono += 1_000;
    line.override = () => undefined;
    await expect(reader.read(AbortSignal.abort())).rejects.toMatchObject({ code: 'STOPPED' });
    expect(faults(await reader.read())).toEqual([null]);
  });

  it("passes on a fault that is nobody's to expect", async () => {
    line.override = () => {
      throw new TypeError('a mistake in the program');
    };
    await expect(readerOf(map([field(0)])).read()).rejects.toThrow(TypeError);
  });
});

describe('a guard', () => {
  const each: DeviceMap = { ...map([field(0), field(500), field(900)]), guards: ['r900+1'] };
  const firsts = () => line.taken().map(({ address }) => address);

  it('is read before and after the values that do not come with it, and says both', async () => {
    const said = [1, 2];
    line.override = ({ address }) => (address === 900 ? Uint16Array.from(said.splice(0, 1)) : undefined);
    const results = await readerOf(each).read();
    expect(firsts()).toEqual([900, 0, 500, 900]);
    expect(results.get('r900+1')).toMatchObject({ words: Uint16Array.of(2), earlier: Uint16Array.of(1) });
  });

  it('is read once when it comes with all values', async () => {
    await readerOf({ ...map([field(0), field(1)]), guards: ['r1+1'] }).read();
    expect(firsts()).toEqual([0]);
  });

  it('fails when it was seen on one side of the values only', async () => {
    line.override = ({ address }) => (address === 500 ? 'silence' : undefined);
    expect(faults(await readerOf(each).read())).toEqual([null, 'DEVICE_SILENT', 'DEVICE_SILENT']);
  });
});

describe('a silent unit', () => {
  const spread = map([field(0, 30), field(500), field(900, 20)]);

  it('ends the scan at its first time-out and keeps what came before', async () => {
    line.override = ({ address }) => (address === 500 ? 'silence' : undefined);
    const results = await readerOf(spread).read();
    expect(faults(results)).toEqual([null, 'DEVICE_SILENT', 'DEVICE_SILENT']);
    expect(line.taken()).toHaveLength(2);
  });

  it('costs its neighbours one time-out per back-off period however often it is polled', async () => {
    const reader = readerOf(spread);
    line.override = () => 'silence';
    const startMs = clock.mono;
    const askedAtMs: number[] = [];
    while (clock.mono < startMs + 600_000) {
      const before = line.timeouts;
      const results = await reader.read();
      if (line.timeouts > before) askedAtMs.push(clock.mono);
      else expect(new Set(faults(results))).toEqual(new Set(['DEVICE_BACKED_OFF']));
      expect(line.timeouts - before).toBeLessThanOrEqual(1);
      clock.mono += 250;
    }
    const periodsMs = askedAtMs.slice(1).map((at, k) => at - askedAtMs[k]!);
    expect(periodsMs.slice(-3).every((periodMs) => periodMs >= 60_000)).toBe(true);
    expect(askedAtMs.length).toBeLessThan(17);
  });

  it('is probed by the cheapest read, and the scan goes on only when that is answered', async () => {
    const reader = readerOf(spread);
    line.override = () => 'silence';
    await reader.read();
    line.taken();
    clock.mono += 1_000;
    line.override = () => undefined;
    expect(faults(await reader.read())).toEqual([null, null, null]);
    expect(spansOf(line.taken())).toEqual([
      [500, 500],
      [900, 919],
      [0, 29],
    ]);
  });

  it('is back with any answer, also an exception', async () => {
    const reader = readerOf(spread);
    line.override = () => 'silence';
    await reader.read();
    clock.mono += 1_000;
    line.override = () => 4;
    expect(new Set(faults(await reader.read()))).toEqual(new Set(['DEVICE_EXCEPTION']));
    line.override = () => undefined;
    expect(faults(await reader.read())).toEqual([null, null, null]);
  });

  it('is not what one read means that is never answered: the others go on, and it alone is asked rarely', async () => {
    const reader = readerOf(spread);
    line.override = ({ address }) => (address === 500 ? 'silence' : undefined);
    let complete = 0;
    const polls = 240;
    for (let poll = 0; poll < polls; poll += 1) {
      const [first, , last] = faults(await reader.read());
      if (first === null && last === null) complete += 1;
      line.cost = { perRequestMs: 20 + (poll % 2) * 10, perRegisterMs: 1 }; // a line learns, and the plan is made anew
      clock.mono += 900;
    }
    expect(complete).toBeGreaterThanOrEqual(polls - 2);
    expect(line.timeouts).toBeLessThan(20);
    line.override = () => undefined;
    clock.mono += 60_000;
    expect(faults(await reader.read())).toEqual([null, null, null]);
  });

  it('has all its fields back with the first probe that is answered', async () => {
    const reader = readerOf(spread);
    line.override = () => 'silence';
    for (let poll = 0; poll < 40; poll += 1) {
      await reader.read();
      clock.mono += 2_500;
    }
    line.override = () => undefined;
    clock.mono += 60_000;
    expect(faults(await reader.read())).toEqual([null, null, null]);
  });

  it('is also one that is read at once and gives nothing but garbage, scan after scan', async () => {
    const reader = readerOf(map([field(0)]));
    line.override = () => 'garbled';
    const startMs = clock.mono;
    while (clock.mono < startMs + 600_000) {
      await reader.read();
      clock.mono += 2_500;
    }
    expect(line.taken().length).toBeLessThan(20);
  });

  it('is not what one read means that is always garbled: the others go on, and it alone is asked rarely', async () => {
    const reader = readerOf(spread);
    line.override = ({ address }) => (address === 500 ? 'garbled' : undefined);
    let complete = 0;
    const polls = 240;
    for (let poll = 0; poll < polls; poll += 1) {
      const [first, , last] = faults(await reader.read());
      if (first === null && last === null) complete += 1;
      clock.mono += 900;
    }
    expect(complete).toBe(polls);
    expect(line.taken().filter(({ address }) => address === 500).length).toBeLessThan(20);
    line.override = () => undefined;
    clock.mono += 60_000;
    expect(faults(await reader.read())).toEqual([null, null, null]);
  });

  it('is not what two such reads mean either, after the first few polls', async () => {
    const reader = readerOf(spread);
    line.override = ({ address }) => (address === 0 ? undefined : 'garbled');
    for (let poll = 0; poll < 200; poll += 1) {
      const [first] = faults(await reader.read());
      if (poll >= 5) expect(first).toBeNull();
      clock.mono += 2_500;
    }
    expect(line.taken().filter(({ address }) => address !== 0).length).toBeLessThan(40);
  });

  it('keeps asking each scan for a read that noise garbles once in a while', async () => {
    const reader = readerOf(spread);
    for (let poll = 0; poll < 10; poll += 1) {
      line.override = ({ address }) => (address === 900 && poll % 2 === 0 ? 'garbled' : undefined);
      expect(faults(await reader.read())).toEqual([null, null, poll % 2 === 0 ? 'DEVICE_GARBLED' : null]);
      clock.mono += 100;
    }
  });

  it('is known to all readers that share its health', async () => {
    const health = new UnitHealth({ clock, random: () => 0, backoff: steady });
    line.override = () => 'silence';
    await readerOf(spread, { health }).read();
    await readerOf(map([field(3)]), { health }).read();
    expect(line.timeouts).toBe(1);
  });

  it('is also one that a gateway on the way reports as silent', async () => {
    const reader = readerOf(spread);
    line.override = () => 11;
    expect(new Set(faults(await reader.read()))).toEqual(new Set(['DEVICE_EXCEPTION']));
    expect(line.taken()).toHaveLength(1);
    expect(new Set(faults(await reader.read()))).toEqual(new Set(['DEVICE_BACKED_OFF']));
  });

  it('is not what a failing line means: nothing is backed off', async () => {
    const reader = readerOf(spread);
    line.override = () => new LimpidError('LINE_LOST', { line: 'fake', detail: 'unplugged' });
    expect(faults(await reader.read())).toEqual(['LINE_LOST', 'LINE_LOST', 'LINE_LOST']);
    expect(line.taken()).toHaveLength(1);
    line.override = () => undefined;
    expect(faults(await reader.read())).toEqual([null, null, null]);
  });

  it('is not what one garbled answer means, but two in a row end the scan', async () => {
    const reader = readerOf(spread);
    line.override = ({ address }) => (address === 0 ? 'garbled' : undefined);
    expect(faults(await reader.read())).toEqual(['DEVICE_GARBLED', null, null]);
    line.override = ({ address }) => (address === 500 ? undefined : 'garbled');
    expect(faults(await reader.read())).toEqual(['DEVICE_GARBLED', null, 'DEVICE_GARBLED']);
    line.taken();
    line.override = () => 'garbled';
    expect(new Set(faults(await reader.read()))).toEqual(new Set(['DEVICE_GARBLED']));
    expect(line.taken()).toHaveLength(2);
    expect(new Set(faults(await reader.read()))).toEqual(new Set(['DEVICE_BACKED_OFF']));
  });
});
