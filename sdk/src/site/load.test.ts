import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadProfiles } from '../profiles/load.ts';
import { showFault } from '../profiles/yaml-document.ts';
import { loadSite } from './load.ts';

const { profiles } = loadProfiles();
const sample = readFileSync(new URL('./sample.yaml', import.meta.url), 'utf8');

function load(text: string, fileExists?: (path: string) => boolean) {
  return loadSite(text, { file: '/etc/limpid/site.yaml', profiles, ...(fileExists && { fileExists }) });
}

/** The sample with one piece of text exchanged. */
function changed(from: string, to: string): string {
  if (!sample.includes(from)) throw new Error(`the sample has no ${from}`);
  return sample.replace(from, to);
}

/** "line:column CODE" of every fault; warnings are marked. */
function faultsOf(text: string, fileExists?: (path: string) => boolean): string[] {
  return load(text, fileExists).faults.map(({ code, severity }) => (severity === 'error' ? code : `${code} warning`));
}

const BASE = `
site: { name: X, permit: 91110000101100000J001P }
outlets:
  DA001: { medium: air, ruleSet: cn-air-hj75-2017 }
  DW001: { medium: water, ruleSet: cn-water-hj356-2019 }
lines:
  bus: { type: rtu, path: /dev/ttyS0 }
  plc: { type: tcp, host: 127.0.0.1, port: 502 }
devices:
`;

describe('site.yaml', () => {
  it('the sample is right, and read with its defaults in place', () => {
    const { site, faults } = load(sample);
    expect(faults.map((fault) => showFault(fault, 'en'))).toEqual([]);
    expect(site?.devices.cems).toMatchObject({ unit: 1, outlet: 'DA001', pollEveryMs: 2500, channels: {} });
    expect(site?.ledger).toEqual({ batchEveryS: 10, segmentMiB: 16, keepDays: 400 });
    expect(site?.lines.rs485).toMatchObject({ timeoutMs: 1000, dataBits: 8, stopBits: 1 });
    expect(site?.uplinks.cloud).toMatchObject({ type: 'mqtt', topicPrefix: 'limpid/1', window: 16 });
  });

  it('takes a pH in its own unit from an analyser that knows mg/L', () => {
    const text = changed('code: w01018, poll', 'code: w01001, channels: { result: { unit: pH } }, poll');
    expect(faultsOf(text)).toEqual([]);
  });

  it('refuses one name twice, once as a number and once as text: the second would replace the first', () => {
    const one = '  1: { profile: treeland-pmm180, line: plc, outlet: DA001 }\n';
    const other = '  "1": { profile: sdl-scs-900uv, line: bus, outlet: DA001 }\n';
    expect(faultsOf(`${BASE}${one}`)).toEqual([]);
    expect(faultsOf(`${BASE}${one}${other}`)).toEqual(['CONFIG_SYNTAX']);
  });

  it('takes unit and interval of a device from its profile', () => {
    const { site } = load(`${BASE}  flow: { profile: jbsd-wl-1a1, line: plc, outlet: DW001 }\n`);
    expect(site?.devices.flow).toMatchObject({ unit: 17, pollEveryMs: 2500 });
  });

  it.each<[string, string, string, string[]]>([
    ['a permit with a wrong check character', '000J001P', '000X001P', ['CONFIG_PERMIT']],
    [
      'an unquoted permit that would lose digits',
      '91110000101100000J001P',
      '9111000010110000000012',
      ['CONFIG_UNQUOTED'],
    ],
    ['something else in place of a permit', '91110000101100000J001P', '010000E8900016F000169DC', ['CONFIG_PERMIT']],
    [
      'an MN-like permit that reads as infinity',
      '91110000101100000J001P',
      '0100000000000000000E899',
      ['CONFIG_UNQUOTED'],
    ],
    ['an unknown profile', 'sdl-scs-900uv', 'sdl-scs-900', ['CONFIG_UNKNOWN_PROFILE']],
    ['an unknown line', 'line: rs485, unit: 1', 'line: rs484, unit: 1', ['CONFIG_UNKNOWN_REFERENCE']],
    [
      'an unknown outlet',
      'outlet: DA001, pollEveryMs: 2500 }\n  dust',
      'outlet: DA009, pollEveryMs: 2500 }\n  dust',
      ['CONFIG_UNKNOWN_REFERENCE'],
    ],
    ['an unknown code', 'code: w01018, poll', 'code: w99018, poll', ['CONFIG_UNKNOWN_CODE']],
    ['a factor of the other medium', 'code: w01018, poll', 'code: a21026, poll', ['CONFIG_CONTRADICTION']],
    ['a factor that is not measured in the unit', 'code: w01018, poll', 'code: w01001, poll', ['CONFIG_CONTRADICTION']],
    [
      'a unit in which the factor is not measured',
      'unit: 1, outlet',
      'unit: 1, channels: { so2: { unit: degC } }, outlet',
      ['CONFIG_CONTRADICTION'],
    ],
    [
      'one serial port for two lines',
      'lines:\n',
      'lines:\n  other: { type: rtu, path: /dev/ttyUSB0 }\n',
      ['CONFIG_CONTRADICTION'],
    ],
    ['seven data bits', 'parity: none', 'parity: even, dataBits: 7', ['CONFIG_CONTRADICTION']],
    ['no factor for an analyser that needs one', 'code: w01018, poll', 'poll', ['CONFIG_CONTRADICTION']],
    [
      'an unknown unit',
      'unit: 1, outlet',
      'unit: 1, channels: { so2: { unit: ppmv } }, outlet',
      ['CONFIG_UNKNOWN_UNIT'],
    ],
    [
      'a channel that the profile has not',
      'unit: 1, outlet',
      'unit: 1, channels: { so3: { unit: ppm } }, outlet',
      ['CONFIG_UNKNOWN_REFERENCE'],
    ],
    [
      'a measured value scaled by the site',
      'unit: 1, outlet',
      'unit: 1, channels: { so2: { factor: 0.5 } }, outlet',
      ['CONFIG_CONTRADICTION'],
    ],
    [
      'an interval beyond the rule set',
      'pollEveryMs: 2500 }\n  dust',
      'pollEveryMs: 6000 }\n  dust',
      ['CONFIG_INTERVAL'],
    ],
    [
      'an interval without spare',
      'pollEveryMs: 2500 }\n  dust',
      'pollEveryMs: 5000 }\n  dust',
      ['CONFIG_INTERVAL_TIGHT warning'],
    ],
    [
      'a flow polled too slowly',
      'outlet: DW001, pollEveryMs: 2500',
      'outlet: DW001, pollEveryMs: 10000',
      ['CONFIG_INTERVAL'],
    ],
    [
      'the same device twice',
      'profile: treeland-pmm180, line: rs485, unit: 2',
      'profile: sdl-scs-900uv, line: rs485, unit: 1',
      ['CONFIG_CONTRADICTION', 'CONFIG_CONTRADICTION'],
    ],
    [
      'a serial unit that no device can have',
      'line: rs485, unit: 2',
      'line: rs485, unit: 248',
      ['CONFIG_CONTRADICTION'],
    ],
    [
      'a rule set of the other medium',
      'ruleSet: cn-water-hj356-2019',
      'ruleSet: cn-air-hj75-2017',
      ['CONFIG_CONTRADICTION'],
    ],
    ['an unknown rule set', 'ruleSet: cn-water-hj356-2019', 'ruleSet: cn-water', ['CONFIG_UNKNOWN_REFERENCE']],
    ['a limit in the unit of the other medium', 'mgPerM3: 35', 'mgPerL: 35', ['CONFIG_CONTRADICTION']],
    [
      'a concentration as the limit of a pH',
      'limits: [{ code: w01018, statistic: day, mgPerL: 50 }]',
      'limits: [{ code: w01001, statistic: day, mgPerL: 9 }]',
      ['CONFIG_CONTRADICTION'],
    ],
    [
      'a facility that runs under no condition',
      'name: Desulphurisation',
      'name: Desulphurisation, runningWhen: { channel: cems }',
      ['CONFIG_CONTRADICTION'],
    ],
    ['a limit without a figure', ', mgPerM3: 35', '', ['CONFIG_CONTRADICTION']],
    [
      'a cap for a quantity without mass',
      'annualCapsT: { a21026: 12.5 }',
      'annualCapsT: { a01012: 12.5 }',
      ['CONFIG_CONTRADICTION'],
    ],
    [
      'a cap for a code that no table has',
      'annualCapsT: { a21026: 12.5 }',
      'annualCapsT: { a99999: 12.5 }',
      ['CONFIG_UNKNOWN_CODE'],
    ],
    [
      'a range that is empty',
      'unit: 1, outlet',
      'unit: 1, channels: { so2: { range: { low: 9, high: 1 } } }, outlet',
      ['CONFIG_CONTRADICTION'],
    ],
    ['a facility at no outlet', 'outlet: DA001, name: Des', 'outlet: DA002, name: Des', ['CONFIG_UNKNOWN_REFERENCE']],
    [
      'a facility that hangs on no channel',
      'name: Desulphurisation',
      'name: D, runningWhen: { channel: fgd-power, aboveKw: 20 }',
      ['CONFIG_UNKNOWN_REFERENCE warning'],
    ],
    ['an uplink of a type not known yet', 'type: mqtt, url', 'type: hj212, url', ['CONFIG_UNKNOWN_REFERENCE']],
    ['an uplink whose URL carries a password', '//broker', '//me:secret@broker', ['CONFIG_SHAPE']],
    ['an unknown key', 'baudRate: 9600', 'baud: 9600', ['CONFIG_UNKNOWN_KEY']],
    ['an overloaded line', 'baudRate: 9600', 'baudRate: 300', ['CONFIG_OVERLOAD']],
    ['a line without spare', 'baudRate: 9600', 'baudRate: 400', ['CONFIG_OVERLOAD warning']],
    [
      'no lines at all',
      'lines:',
      'wires:',
      ['CONFIG_SHAPE', 'CONFIG_UNKNOWN_KEY', ...Array(4).fill('CONFIG_UNKNOWN_REFERENCE')],
    ],
    ['text that is no YAML', 'site: {', 'site: }{', ['CONFIG_SYNTAX']],
    ['a key given twice', 'facilities:', 'lines:', ['CONFIG_SYNTAX']],
  ])('names %s', (_, from, to, codes) => expect(new Set(faultsOf(changed(from, to)))).toEqual(new Set(codes)));

  it('names the factors of an outlet that two devices bring, once for the later device', () => {
    const text = `${BASE}  a: { profile: treeland-pmm180, line: bus, unit: 1, outlet: DA001 }
  b: { profile: sdl-scs-900cpm, line: bus, unit: 2, outlet: DA001 }
`;
    const { faults } = load(text);
    expect(faults).toMatchObject([{ code: 'CONFIG_CONTRADICTION', line: 11 }]);
    expect(faults[0]?.message('en')).toContain('DA001 a34013 (a.dust, dust)');
    expect(
      faultsOf(text.replace('outlet: DA001 }\n', 'outlet: DA001, channels: { dust: { record: false } } }\n')),
    ).toEqual([]);
  });

  it('gives no site when there is an error, and one when there are warnings only', () => {
    expect(load(changed('pollEveryMs: 2500 }\n  dust', 'pollEveryMs: 5000 }\n  dust')).site).not.toBeNull();
    expect(load(changed('pollEveryMs: 2500 }\n  dust', 'pollEveryMs: 6000 }\n  dust')).site).toBeNull();
  });

  it('reports all faults at once, in the order of the file, with line and column', () => {
    const text = `${BASE}  a: { profile: sdl-scs-90uv, line: bus, unit: 1, outlet: DA001 }
  b: { profile: cnemc-water, line: pcl, code: w01018, outlet: DW001, pollEveryMs: fast }
more: 1
`;
    expect(load(text).faults.map((fault) => showFault(fault, 'en').split(' ').slice(0, 2).join(' '))).toEqual([
      '/etc/limpid/site.yaml:10:17 CONFIG_UNKNOWN_PROFILE',
      '/etc/limpid/site.yaml:11:36 CONFIG_UNKNOWN_REFERENCE',
      '/etc/limpid/site.yaml:11:83 CONFIG_SHAPE',
      '/etc/limpid/site.yaml:12:1 CONFIG_UNKNOWN_KEY',
    ]);
  });

  it('says each fault in both languages', () => {
    const { faults } = load(changed('line: rs485, unit: 1', 'line: rs484, unit: 1'));
    expect(faults[0]?.message('en')).toBe('devices.cems.line: there is no line called rs484; known: rs485, plc');
    expect(faults[0]?.message('zh')).toBe('devices.cems.line：没有名为 rs484 的总线；已有：rs485, plc');
  });

  it('names the uplink types that are known', () => {
    expect(load(changed('type: mqtt, url', 'type: hj212, url')).faults[0]?.message('en')).toContain('known: mqtt');
  });

  it('looks for the files of uplinks beside the site file', () => {
    const asked: string[] = [];
    const exists = (path: string) => asked.push(path) > 1;
    expect(faultsOf(sample, exists)).toEqual(['CONFIG_NO_FILE']);
    expect(asked).toEqual(['/etc/limpid/collector.pem']);
  });

  it('follows aliases to the place of a fault', () => {
    const text = `${BASE}  a: &d { profile: sdl-scs-900uv, line: bus, outlet: DA001, unit: 1, pollEveryMs: 9 }\n  b: *d\n`;
    const { faults } = load(text);
    expect(faults.filter(({ code }) => code === 'CONFIG_SHAPE').map(({ line }) => line)).toEqual([10, 10]);
  });

  it.each<[string, string]>([
    ['a device', '  __proto__: { profile: sdl-scs-900uv, line: bus, unit: 1, outlet: DA001 }\n'],
    [
      'a channel',
      '  a: { profile: sdl-scs-900uv, line: bus, outlet: DA001, channels: { __proto__: { record: false } } }\n',
    ],
  ])('refuses __proto__ as the name of %s', (_, text) => {
    const { site, faults } = load(BASE + text);
    expect(site).toBeNull();
    expect(faults).toMatchObject([{ code: 'CONFIG_SHAPE', line: 10 }]);
  });

  it('warns of a flow that any number would do for, and says how to give its range', () => {
    const range = ', channels: { flow: { range: { low: 0, high: 300 } } }';
    const { site, faults } = load(changed(range, ''));
    expect(site).not.toBeNull();
    expect(faults).toMatchObject([{ code: 'CONFIG_NO_RANGE', severity: 'warning' }]);
    expect(faults[0]?.message('en')).toContain('in L/s under channels.flow.range');
    expect(faultsOf(changed(range, ', channels: { flow: { record: false } }'))).toEqual([]);
  });

  it('is not led astray by names of the prototype', () => {
    const text = `${BASE}  __proto__: { profile: constructor, line: toString, outlet: hasOwnProperty }\n  constructor: 5\n`;
    expect(load(text).site).toBeNull();
    expect(faultsOf(text)).toContain('CONFIG_SHAPE');
  });

  it('takes any change of the sample without throwing', () => {
    fc.assert(
      fc.property(fc.nat({ max: sample.length }), fc.nat({ max: 30 }), fc.string({ maxLength: 8 }), (at, cut, put) => {
        const { site, faults } = load(sample.slice(0, at) + put + sample.slice(at + cut));
        expect(site === null).toBe(faults.some(({ severity }) => severity === 'error'));
        for (const fault of faults) expect(fault.message('zh').length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});
