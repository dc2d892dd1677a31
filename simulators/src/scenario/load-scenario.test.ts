import { isLimpidError } from '@limpid/sdk/core';
import { loadProfiles } from '@limpid/sdk/profiles';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listScenarios, loadScenario, parseScenario } from './load-scenario.ts';

const { profiles } = loadProfiles();

function parse(text: string) {
  return parseScenario(text, { file: 'scenario.yaml', name: 'mine', profiles });
}

function faultsOf(text: string): string[] {
  try {
    parse(text);
  } catch (fault) {
    if (isLimpidError(fault, 'SIM_SCENARIO')) return String(fault.params.faults).trim().split(/\n\s*/);
    throw fault;
  }
  return [];
}

const GOOD = `title: { en: one, zh: 一 }
seed: 1
lines:
  wire: { type: tcp }
devices:
  cems: { profile: sdl-scs-900uv, line: wire }
`;

describe('scenario', () => {
  it('fills in what the profile and the schema know', () => {
    const { devices, timeOfDayS, speed, lines } = parse(GOOD);
    expect(devices.cems?.unit).toBe(profiles.get('sdl-scs-900uv')!.unit);
    expect([timeOfDayS, speed]).toEqual([8 * 3_600, 1]);
    expect(lines.wire).toEqual({ type: 'tcp', host: '127.0.0.1', port: 0 });
  });

  it('plays its timeline in the order of time', () => {
    const { timeline } = parse(
      `${GOOD}timeline:\n  - { at: 1min, do: set so2 9 }\n  - { at: 5s, do: state cems fault 10s }\n`,
    );
    expect(timeline.map(({ atS, command }) => [atS, command.do])).toEqual([
      [5, 'state'],
      [60, 'set'],
    ]);
  });

  it('reports every fault at once, with its place', () => {
    const text = `title: { en: one, zh: 一 }
seed: 1
lines:
  wire: { type: tcp }
devices:
  cems: { profile: sdl-scs-900v, line: wire }
  dust: { profile: treeland-pmm180, line: wier, unit: 2 }
  more: { profile: treeland-pmm180, line: wire, unit: 2, batch: { everyMin: 1, analysisMin: 1 } }
  cod: { profile: cnemc-water, line: wire, unit: 2 }
  wire: { profile: treeland-pmm180, line: wire, unit: 9, show: { nothing: so2 } }
timeline:
  - { at: 5s, do: set so3 1 }
  - { at: 5s, do: state dust purge }
  - { at: 5s, do: fault silence 5s nobody }
`;
    const faults = faultsOf(text);
    expect(faults.map((fault) => fault.split(' ').slice(0, 2).join(' '))).toEqual([
      'scenario.yaml:6:20 CONFIG_UNKNOWN_PROFILE',
      'scenario.yaml:7:43 CONFIG_UNKNOWN_REFERENCE',
      expect.stringMatching(/^scenario.yaml:8:\d+ CONFIG_CONTRADICTION$/),
      expect.stringMatching(/^scenario.yaml:9:\d+ CONFIG_CONTRADICTION$/),
      expect.stringMatching(/^scenario.yaml:9:\d+ CONFIG_CONTRADICTION$/),
      expect.stringMatching(/^scenario.yaml:10:\d+ CONFIG_CONTRADICTION$/),
      expect.stringMatching(/^scenario.yaml:10:\d+ CONFIG_UNKNOWN_REFERENCE$/),
      expect.stringMatching(/^scenario.yaml:12:\d+ SIM_COMMAND$/),
      expect.stringMatching(/^scenario.yaml:13:\d+ SIM_COMMAND$/),
      expect.stringMatching(/^scenario.yaml:14:\d+ CONFIG_UNKNOWN_REFERENCE$/),
    ]);
    expect(faults[0]).toContain('sdl-scs-900uv');
  });

  it('refuses a quantity that cannot be shown in the unit of the field', () => {
    const faults = faultsOf(GOOD.replace('line: wire }', 'line: wire, show: { o2: velocity } }'));
    expect(faults).toEqual([expect.stringContaining('CONFIG_CONTRADICTION')]);
  });

  it('points at wrong shapes, unknown keys and broken YAML', () => {
    expect(faultsOf(GOOD.replace('seed: 1', 'seed: one'))).toEqual([expect.stringContaining(':2:7 CONFIG_SHAPE')]);
    expect(faultsOf(`${GOOD}sped: 2\n`)).toEqual([expect.stringContaining('CONFIG_UNKNOWN_KEY')]);
    expect(faultsOf('title: [')).toEqual(expect.arrayContaining([expect.stringContaining('CONFIG_SYNTAX')]));
    expect(faultsOf(GOOD.replace('{ type: tcp }', '{ type: udp }'))).toHaveLength(1);
  });

  it('gives a scenario or SIM_SCENARIO, whatever the file holds', () => {
    const lines = GOOD.split('\n');
    const mangled = fc
      .tuple(fc.shuffledSubarray(lines), fc.array(fc.string(), { maxLength: 3 }))
      .map(([kept, noise]) => [...kept, ...noise].join('\n'));
    fc.assert(
      fc.property(mangled, (text) => {
        try {
          parse(text);
        } catch (fault) {
          expect(isLimpidError(fault, 'SIM_SCENARIO'), String(fault)).toBe(true);
        }
      }),
    );
  });

  it('names the shipped scenarios when it does not know one', () => {
    expect(() => loadScenario('nowhere')).toThrow(
      expect.objectContaining({ code: 'SIM_UNKNOWN', params: { name: 'nowhere', known: listScenarios().join(', ') } }),
    );
    expect(() => loadScenario('./nowhere.yaml')).toThrow(expect.objectContaining({ code: 'SIM_UNKNOWN' }));
  });

  it('loads every shipped scenario by name and by path', () => {
    for (const name of listScenarios()) expect(loadScenario(loadScenario(name).file)).toEqual(loadScenario(name));
    expect(listScenarios()).toEqual(expect.arrayContaining(['demo', 'demo-effluent', 'demo-stack']));
  });
});
