import { formatDecimal, isLimpidError, qualityName } from '@limpid/sdk/core';
import type { FieldResult } from '@limpid/sdk/modbus';
import { bindProfile, loadProfiles, type Profile, profileSchema } from '@limpid/sdk/profiles';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { findBehaviour, listBehaviours } from './behaviours/find-behaviour.ts';
import type { DeviceState } from './control/command.ts';
import { SimulatedDevice } from './device.ts';
import { Plant } from './plant/plant.ts';
import { ScenarioTime } from './scenario/scenario-time.ts';

const { profiles } = loadProfiles();
/** 2026-11-23 12:00:00 in Beijing */
const NOON = Date.UTC(2026, 10, 23, 4);

function build(id: string, options: { code?: string; batch?: { everyS: number; analysisS: number } } = {}) {
  return buildFrom(profiles.get(id)!, options);
}

function buildFrom(profile: Profile, options: { code?: string; batch?: { everyS: number; analysisS: number } } = {}) {
  const clock = new FakeClock({ wallMs: NOON });
  const plant = new Plant({ seed: 1, timeOfDayS: 0 });
  const time = new ScenarioTime(clock, 1);
  const behaviour = findBehaviour(profile.id);
  const device = new SimulatedDevice({ name: 'it', profile, behaviour, plant, time, ...options });
  const bound = bindProfile(profile, { device: 'it', outlet: '', firstChannelId: 1, code: options.code });
  const read = () => {
    const results = new Map<string, FieldResult>();
    for (const { name, fn, address, count } of bound.map.fields) {
      const words = device.read(fn, address, count);
      if (typeof words === 'number') throw new Error(`${name}: exception ${words}`);
      results.set(name, { ok: true, words, monoMs: 0 });
    }
    const readings = bound.readings(results, { wallMs: 0, monoMs: 0 });
    return Object.fromEntries(
      readings.map(({ channel, value, quality }) => [
        channel.name,
        {
          value: value === null ? Number.NaN : Number(formatDecimal(value, channel.exponent)),
          quality: qualityName(quality),
        },
      ]),
    );
  };
  return { clock, plant, device, read };
}

/** code for profiles that leave it to the site */
const codeFor = (id: string) => (id === 'cnemc-water' ? { code: 'w01018' } : {});
/** the state of an instrument as its profile must understand it */
const MEANING: Record<string, Partial<Record<DeviceState, string>>> = {
  'cnemc-water': { purge: 'maintenance' },
};
const QUALITY_OF: Record<DeviceState, string> = {
  running: 'good',
  calibration: 'calibration',
  maintenance: 'maintenance',
  fault: 'deviceAlarm',
  purge: 'purge',
};
/** the channel whose quality is looked at */
const MEASURED: Record<string, string> = {
  'cnemc-water': 'result',
  'jbsd-wl-1a1': 'flow',
  'sdl-scs-900cpm': 'dust',
  'sdl-scs-900uv': 'so2',
  'treeland-pmm180': 'dust',
};

describe.each(listBehaviours())('simulated %s', (id) => {
  it('names only fields that its profile has', () => {
    const { sources, states, analysing, spanGas } = findBehaviour(id);
    const named = [sources, ...Object.values(states), analysing ?? {}, spanGas ?? {}].flatMap(Object.keys);
    const known = Object.keys(profiles.get(id)!.fields);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('says each of its states so that the profile understands it', () => {
    const { device, read } = build(id, codeFor(id));
    for (const state of device.states) {
      device.setState(state);
      expect(read()[MEASURED[id]!]?.quality, state).toBe(MEANING[id]?.[state] ?? QUALITY_OF[state]);
    }
  });

  it('answers every field of its profile, and every documented block as one', () => {
    const profile = profiles.get(id)!;
    const { device } = build(id, codeFor(id));
    for (const { first, last, fn } of profile.blocks) {
      const count = Math.min(last - first + 1, profile.maxRegisters);
      expect(device.read(fn ?? profile.fn, first, count)).toHaveLength(count);
    }
  });
});

describe('simulated device', () => {
  it('shows the plant in the units of its profile', () => {
    const { plant, read } = build('treeland-pmm180');
    const shown = read();
    expect(shown['static-pressure']?.value).toBeCloseTo(plant.values.pressure, 3);
    expect(shown.velocity?.value).toBeCloseTo(plant.values.velocity, 2);
    expect(shown.dust?.value).toBeCloseTo(plant.values.dust, 2);
    const meter = build('jbsd-wl-1a1');
    expect(meter.read().flow?.value).toBeCloseTo(meter.plant.values.flow / 3.6, 2);
  });

  it('goes on with the clock', async () => {
    const { clock, read } = build('sdl-scs-900uv');
    const before = read().so2?.value;
    await clock.advance(60_000);
    expect(read().so2?.value).not.toBe(before);
  });

  it('refuses what the profile does not document: 1 other functions, 2 other registers or two blocks at once, 3 too many', () => {
    const { device } = build('cnemc-water', { code: 'w01018' });
    expect(device.read(4, 0x1000, 2)).toBe(1);
    expect(device.read(3, 0x0fff, 2)).toBe(2);
    expect(device.read(3, 0x1050, 0x32)).toBe(2);
    expect(device.read(3, 0x1000, 126)).toBe(3);
    expect(device.read(3, 0x1000, 0)).toBe(3);
    const { device: neighbours } = build('sdl-scs-900uv');
    // 10..21 and 22..42 touch each other, and still are two blocks
    expect(neighbours.read(3, 20, 4)).toBe(2);
  });

  it('goes on publishing the last numbers when it stops measuring, and span gas while it calibrates', async () => {
    const { clock, device, read } = build('sdl-scs-900uv');
    const before = read().so2?.value;
    device.setState('maintenance');
    await clock.advance(60_000);
    expect(read().so2).toEqual({ value: before, quality: 'maintenance' });
    device.setState('calibration');
    expect(read().so2).toEqual({ value: 400, quality: 'calibration' });
    device.setState('running');
    expect(read().so2?.value).not.toBe(before);
  });

  it('refuses a state that the instrument does not have', () => {
    const { device } = build('jbsd-wl-1a1');
    const attempt = () => device.setState('purge');
    expect(attempt).toThrow(expect.objectContaining({ code: 'SIM_COMMAND' }));
    try {
      attempt();
    } catch (fault) {
      expect(isLimpidError(fault) && fault.params.detail).toContain('running');
    }
  });

  it('measures in batches: holds a result until the next one, and says when its water was taken', async () => {
    const { clock, plant, read, device } = build('cnemc-water', {
      code: 'w01018',
      batch: { everyS: 120, analysisS: 60 },
    });
    const first = read();
    expect(first['sample-time']?.value).toBe(NOON / 1_000 + 8 * 3_600 - 120);
    expect(first.status?.value).toBe(1);
    plant.set('cod', 99);
    await clock.advance(59_000);
    expect(read().result).toEqual(first.result);
    expect(read()['sample-time']).toEqual(first['sample-time']);
    await clock.advance(61_000);
    const second = read();
    expect(second['sample-time']?.value).toBe(NOON / 1_000 + 8 * 3_600);
    expect(second.result?.value).not.toBe(99);
    await clock.advance(60_000);
    const third = read();
    expect(third.result?.value).toBe(99);
    expect(third['sample-time']?.value).toBe(NOON / 1_000 + 8 * 3_600 + 120);
    expect(third.status?.value).toBe(0);
    expect(device.shown()).toEqual([{ field: 'result', value: 99, unit: 'mg/L' }]);
  });

  it('wraps its totaliser where the display of the meter does', () => {
    const profile = profileSchema.parse({
      ...profiles.get('jbsd-wl-1a1')!,
      fields: {
        total: {
          at: 4,
          type: 'u32',
          unit: 'm3',
          code: 'xw0001',
          totaliser: { modulus: 100_000, resetRule: 'wrap-then-reset' },
        },
      },
    });
    const { plant, read } = buildFrom({ ...profile, id: 'some-meter' });
    plant.set('total', 99_999.2);
    expect(read().total?.value).toBe(99_999);
    plant.set('total', 100_000.2);
    expect(read().total?.value).toBe(0);
  });
});
