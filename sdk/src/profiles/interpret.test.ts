import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Code } from '../core/codes.ts';
import { LimpidError } from '../core/error.ts';
import { QUALITIES, type QualityName, qualityName } from '../core/quality.ts';
import type { FieldResult } from '../modbus/field.ts';
import { profileImage } from './image.ts';
import { bindProfile } from './interpret.ts';
import { loadProfiles, parseProfile } from './load.ts';
import { type Overrides, overrideFaults } from './override.ts';
import type { Profile } from './schema.ts';

type Override = NonNullable<Overrides['channels']>;

const HEAD = `
id: test-meter
maker: Test
model: T1
kind: analyser
name: { en: test, zh: 测试 }
source: a test
edition: "1"
confidence: LOW
completeness: p
fn: 3
order: ABCD
`;

function profileOf(body: string): Profile {
  const { profile, faults } = parseProfile(HEAD + body, { file: 'profile.yaml', id: 'test-meter' });
  if (profile === null) throw new Error(faults.map((fault) => fault.message('en')).join('\n'));
  return profile;
}

const STATUS = `
fields:
  so2: { at: 0, type: u16, factor: 0.1, unit: mg/m3, code: a21026, range: { low: 0, high: 500 } }
  nox: { at: 1, type: i16, unit: mg/m3, code: a21002, invalidWords: ["7FFF"] }
  state: { at: 2, type: bits, unit: "1" }
  error: { at: 3, type: u16, unit: "1" }
status:
  - { field: state, mask: 0x80, quality: deviceAlarm }
  - { field: state, mask: 0x30, equals: 0x20, quality: calibration, channels: [so2] }
  - { field: state, mask: 0x0f, between: [2, 3], quality: purge }
`;

function bind(body: string) {
  return bindProfile(profileOf(body), { device: 'd', outlet: 'DA001', firstChannelId: 0 });
}

const ok = (...words: number[]): FieldResult => ({ ok: true, words: Uint16Array.from(words), monoMs: 0 });
const failed = (code: Code): FieldResult => ({ ok: false, fault: new LimpidError(code), monoMs: 0 });

function read(body: string, results: Record<string, FieldResult>): Record<string, [unknown, QualityName]> {
  const readings = bind(body).readings(new Map(Object.entries(results)), { wallMs: 1, monoMs: 2 });
  return Object.fromEntries(
    readings.map(({ channel, value, quality }) => [channel.name, [value, qualityName(quality)]]),
  );
}

describe('the quality of a reading', () => {
  const good = { so2: ok(1234), nox: ok(20), state: ok(1), error: ok(0) };

  it('is good when the way, the status and the value are', () => {
    expect(read(STATUS, good)).toEqual({
      so2: [1234, 'good'],
      nox: [20, 'good'],
      state: [1, 'good'],
      error: [0, 'good'],
    });
  });

  it.each<[Code, QualityName]>([
    ['DEVICE_SILENT', 'noAnswer'],
    ['DEVICE_BACKED_OFF', 'noAnswer'],
    ['LINE_LOST', 'busFault'],
    ['LINE_PORT_MISSING', 'busFault'],
    ['DEVICE_EXCEPTION', 'readError'],
    ['DEVICE_GARBLED', 'readError'],
    ['STOPPED', 'readError'],
  ])('after %s is %s, whatever the status says, and there is no value', (code, quality) => {
    const readings = read(STATUS, { ...good, state: ok(0x80), so2: failed(code) });
    expect(readings.so2).toEqual([null, quality]);
  });

  it('is read error for a field that nobody answered for', () => {
    const { so2: _, ...rest } = good;
    expect(read(STATUS, rest).so2).toEqual([null, 'readError']);
  });

  it('follows the first status rule that holds, before the range', () => {
    expect(read(STATUS, { ...good, so2: ok(9999), state: ok(0xa2) }).so2).toEqual([9999, 'deviceAlarm']);
    expect(read(STATUS, { ...good, state: ok(0x22) }).so2).toEqual([1234, 'calibration']);
  });

  it('concerns only the channels that a rule names', () => {
    expect(read(STATUS, { ...good, state: ok(0x21) })).toMatchObject({
      so2: [1234, 'calibration'],
      nox: [20, 'good'],
    });
  });

  it('leaves words about the instrument alone', () => {
    expect(read(STATUS, { ...good, state: ok(0x80) })).toMatchObject({ state: [0x80, 'good'], error: [0, 'good'] });
  });

  it('is never good when the status could not be read', () => {
    expect(read(STATUS, { ...good, state: failed('DEVICE_EXCEPTION') })).toMatchObject({
      so2: [1234, 'readError'],
      nox: [20, 'readError'],
      state: [null, 'readError'],
    });
  });

  it('follows the worse of a status that was read before and after the value, and that one is recorded', () => {
    const both = (earlier: number, later: number): FieldResult => ({
      ok: true,
      words: Uint16Array.of(later),
      monoMs: 0,
      earlier: Uint16Array.of(earlier),
    });
    expect(read(STATUS, { ...good, state: both(0x22, 1) })).toMatchObject({
      so2: [1234, 'calibration'],
      state: [0x22, 'good'],
    });
    expect(read(STATUS, { ...good, state: both(1, 0x80) }).so2).toEqual([1234, 'deviceAlarm']);
    expect(read(STATUS, { ...good, state: both(0x22, 0x80) }).state).toEqual([0x80, 'good']);
    expect(read(STATUS, { ...good, state: both(1, 5) })).toMatchObject({ so2: [1234, 'good'], state: [5, 'good'] });
  });

  it('is out of range beyond the range, with the value kept', () => {
    expect(read(STATUS, { ...good, so2: ok(5001) }).so2).toEqual([5001, 'outOfRange']);
    expect(read(STATUS, { ...good, so2: ok(5000) }).so2).toEqual([5000, 'good']);
  });

  it('is out of range without a value for words that mean none', () => {
    expect(read(STATUS, { ...good, nox: ok(0x7fff) }).nox).toEqual([null, 'outOfRange']);
  });

  it('is never good for an analyser without a status mapping', () => {
    const body = 'fields: { so2: { at: 0, type: u16, unit: mg/m3, code: a21026 } }\n';
    expect(read(body, { so2: ok(5) }).so2).toEqual([5, 'statusUnknown']);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (word) => read(body, { so2: ok(word) }).so2?.[1] !== 'good'),
    );
  });

  it('is good without a status where the maker is known to document none', () => {
    const body = `
status: communication-and-range
statusSource: manual, no status
fields: { flow: { at: 0, type: u16, unit: L/s, code: w00000 } }
`;
    const meter = parseProfile((HEAD + body).replace('kind: analyser', 'kind: meter'), { file: 'p', id: 'test-meter' });
    const bound = bindProfile(meter.profile!, { device: 'd', outlet: '', firstChannelId: 0 });
    const [reading] = bound.readings(new Map([['flow', ok(7)]]), { wallMs: 0, monoMs: 0 });
    expect(reading?.quality).toBe(QUALITIES.good);
  });
});

describe('binding a profile', () => {
  it('numbers channels in the order of the profile, with scale, range and exponent exact', () => {
    const bound = bindProfile(profileOf(STATUS), { device: 'cems', outlet: 'DA001', firstChannelId: 40 });
    expect(bound.channels.map(({ id, name }) => [id, name])).toEqual([
      [40, 'so2'],
      [41, 'nox'],
      [42, 'state'],
      [43, 'error'],
    ]);
    expect(bound.channels[0]).toMatchObject({
      device: 'cems',
      outlet: 'DA001',
      exponent: -1,
      range: { low: 0, high: 5000 },
      scale: { num: 1n, den: 10n },
    });
  });

  it('takes what the site knows better, and nothing that the profile forbids', () => {
    const profile = profileOf(STATUS);
    const options = { device: 'd', outlet: 'DA001', firstChannelId: 0 };
    const bound = bindProfile(profile, {
      ...options,
      channels: { so2: { range: { low: 0, high: '300' }, order: 'BADC', outlet: 'DA002' }, error: { record: false } },
    });
    expect(bound.channels.map(({ name }) => name)).toEqual(['so2', 'nox', 'state']);
    expect(bound.channels[0]).toMatchObject({ outlet: 'DA002', order: 'BADC', range: { high: 3000 } });
    const code = (act: () => unknown) => {
      try {
        act();
      } catch (fault) {
        return fault instanceof LimpidError ? fault.code : fault;
      }
      return 'nothing';
    };
    expect(code(() => bindProfile(profile, { ...options, channels: { so2: { factor: 2 } } }))).toBe(
      'CONFIG_CONTRADICTION',
    );
    expect(code(() => bindProfile(profile, { ...options, channels: { co: {} } }))).toBe('CONFIG_UNKNOWN_REFERENCE');
    expect(code(() => bindProfile(profile, { ...options, code: 'a21005' }))).toBe('CONFIG_CONTRADICTION');
  });

  it.each<[string, Override]>([
    ['not record a status word: quality must follow from what was sealed', { state: { record: false } }],
    ['scale by zero', { input: { factor: 0 } }],
    ['lose digits of its factor', { input: { factor: '0.0625', decimals: 2 } }],
    ['lose digits of the factor of the profile', { so2: { decimals: 0 } }],
    ['have a range that takes more than 64 bits', { so2: { range: { low: 0, high: '1e30' } } }],
    ['have decimals with which the range of the profile takes more', { input: { decimals: 9 } }],
    ['have a range that is empty', { so2: { range: { low: 5, high: '5.0' } } }],
  ])('lets no site %s', (_, channels) => {
    const input = 'input: { at: 9, type: u16, unit: mA, siteScale: true, range: { low: 0, high: 10000000000 } }';
    const profile = profileOf(STATUS.replace('status:', `  ${input}\nstatus:`));
    expect(overrideFaults(profile, { channels }).map(({ code }) => code)).toEqual(['CONFIG_CONTRADICTION']);
  });

  it('gives its status words for guards', () => {
    const water = loadProfiles().profiles.get('cnemc-water')!;
    const { map } = bindProfile(water, { device: 'cod', outlet: '', code: 'w01018', firstChannelId: 0 });
    expect(map.guards).toEqual(['fault', 'status']);
  });

  it('asks for the factor of an analyser that measures what it was bought for', () => {
    const water = loadProfiles().profiles.get('cnemc-water')!;
    const bound = bindProfile(water, { device: 'cod', outlet: 'DW001', code: 'w01018', firstChannelId: 5 });
    const result = bound.channels.find(({ name }) => name === 'result');
    expect(result).toMatchObject({ code: 'w01018', unit: 'mg/L' });
    const sampleTime = bound.channels.find(({ name }) => name === 'sample-time');
    expect(bound.sampledAt.get(result!.id)).toBe(sampleTime!.id);
    expect(() => bindProfile(water, { device: 'cod', outlet: 'DW001', firstChannelId: 5 })).toThrow(LimpidError);
  });

  it('reads watched parameters apart from the scan', () => {
    const cems = loadProfiles().profiles.get('sdl-scs-900uv')!;
    const { map, watchMap } = bindProfile(cems, { device: 'd', outlet: '', firstChannelId: 0 });
    expect(map.fields.map(({ name }) => name)).not.toContain('so2-slope');
    expect(watchMap.fields.map(({ name }) => name)).toContain('so2-slope');
  });
});

describe('the image of a profile', () => {
  for (const profile of loadProfiles().profiles.values()) {
    it(`of ${profile.id} reads back what was written, field by field`, () => {
      const image = profileImage(profile);
      const code = Object.values(profile.fields).some((field) => field.code === 'site') ? 'w01018' : undefined;
      const bound = bindProfile(profile, { device: 'd', outlet: '', code, firstChannelId: 0 });
      for (const [k, channel] of bound.channels.entries()) {
        if (channel.type === 'string') image.set(channel.name, `N${k}`);
        else if (channel.type === 'time') image.set(channel.name, 1_700_000_000 + k);
        else image.set(channel.name, k + 1);
      }
      const results = new Map(
        bound.map.fields.map((field) => {
          const words = image.read(field.fn, field.address, field.count);
          return [field.name, typeof words === 'number' ? failed('DEVICE_EXCEPTION') : ok(...words)];
        }),
      );
      for (const [k, { channel, value }] of bound.readings(results, { wallMs: 0, monoMs: 0 }).entries()) {
        if (channel.type === 'string') expect([image.content(channel.name), value]).toEqual([`N${k}`, null]);
        else if (channel.type === 'time') expect(value).toBe(1_700_000_000 + k);
        else expect(Number(value) * 10 ** channel.exponent).toBeCloseTo(k + 1, 9);
      }
    });
  }

  it('inverts any scale to within half a raw step', () => {
    const profile = profileOf(
      'fields: { t: { at: 0, type: i16, factor: "0.1", offset: "-273.15", decimals: 2, unit: degC } }\n',
    );
    const bound = bindProfile(profile, { device: 'd', outlet: '', firstChannelId: 0 });
    const image = profileImage(profile);
    fc.assert(
      fc.property(fc.double({ min: -3000, max: 3000, noNaN: true }), (celsius) => {
        image.set('t', celsius);
        const results = new Map([['t', ok(...image.words('t'))]]);
        const [reading] = bound.readings(results, { wallMs: 0, monoMs: 0 });
        expect(Math.abs(Number(reading?.value) / 100 - celsius)).toBeLessThanOrEqual(0.0501);
      }),
    );
  });

  it('keeps both bytes of a shared register', () => {
    const image = profileImage(loadProfiles().profiles.get('sdl-scs-900uv')!);
    image.set('alarm', 0x40);
    image.set('adjust', 2);
    expect(image.read(3, 10, 1)).toEqual(Uint16Array.of(0x4002));
    image.set('alarm', 0);
    expect(image.read(3, 10, 1)).toEqual(Uint16Array.of(2));
  });

  it('answers illegal data address outside what is documented', () => {
    const image = profileImage(loadProfiles().profiles.get('sdl-scs-900uv')!);
    expect(image.read(3, 9, 2)).toBe(2);
    expect(image.read(3, 87, 1)).toBe(2);
    expect(image.read(4, 10, 1)).toBe(2);
  });
});
