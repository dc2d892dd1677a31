import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultText, isLimpidError, LimpidError } from '@limpid/sdk/core';
import {
  checkShape,
  type Fault,
  loadProfiles,
  nearest,
  type Profile,
  readYaml,
  showFault,
  type YamlDocument,
} from '@limpid/sdk/profiles';
import { findBehaviour } from '../behaviours/find-behaviour.ts';
import { type Command, type DeviceState, parseCommand } from '../control/command.ts';
import { parseDurationMs } from '../control/duration.ts';
import { conversion } from '../convert.ts';
import { QUANTITIES, quantityOfCode } from '../plant/quantity.ts';
import { type DeviceText, type ScenarioText, scenarioSchema } from './schema.ts';

/** The scenarios that ship with the package: `src` and `dist` both lie one folder below its root. */
const SHIPPED = fileURLToPath(new URL('../../scenarios/', import.meta.url));

export interface ScenarioDevice extends DeviceText {
  unit: number;
  /** the profile's own text, already checked */
  read: Profile;
}

/** A checked scenario. */
export interface Scenario extends Omit<ScenarioText, 'devices' | 'timeline' | 'startAt'> {
  name: string;
  file: string;
  timeOfDayS: number;
  devices: Record<string, ScenarioDevice>;
  timeline: { atS: number; command: Command }[];
}

/** Names of the shipped scenarios, in alphabetical order. */
export function listScenarios(): string[] {
  return readdirSync(SHIPPED, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * `nameOrFile` is a shipped scenario, or a scenario.yaml, or a folder that holds one. Throws SIM_UNKNOWN, which names
 * the shipped ones, or SIM_SCENARIO with every fault at once. A folder `profiles` beside the file adds profiles.
 */
export function loadScenario(nameOrFile: string): Scenario {
  const file = findFile(nameOrFile);
  const folder = dirname(file);
  return parseScenario(readText(file), { file, name: basename(folder), profiles: profilesFor(folder) });
}

export function parseScenario(
  text: string,
  { file, name, profiles }: { file: string; name: string; profiles: ReadonlyMap<string, Profile> },
): Scenario {
  const document = readYaml(text, file);
  const { value, faults } = checkShape(document, scenarioSchema);
  if (value === null) throw unusable(file, faults);
  const found = [...checkDevices(value, document, profiles), ...checkTimeline(value, document)];
  if (found.length > 0) throw unusable(file, found);
  const { startAt, timeline, devices, ...rest } = value;
  const [hour = 0, minute = 0] = startAt.split(':').map(Number);
  return {
    ...rest,
    name,
    file,
    timeOfDayS: hour * 3_600 + minute * 60,
    devices: Object.fromEntries(Object.entries(devices).map(([id, device]) => [id, bind(device, profiles)])),
    timeline: timeline
      .map((step) => ({ atS: (parseDurationMs(step.at) ?? 0) / 1_000, command: parseCommand(step.do) }))
      .sort((a, b) => a.atS - b.atS),
  };
}

function bind(device: DeviceText, profiles: ReadonlyMap<string, Profile>): ScenarioDevice {
  const read = profiles.get(device.profile);
  if (read === undefined) throw new LimpidError('INTERNAL', { detail: `profile ${device.profile} was not checked` });
  return { ...device, unit: device.unit ?? read.unit, read };
}

function checkDevices(scenario: ScenarioText, document: YamlDocument, profiles: ReadonlyMap<string, Profile>): Fault[] {
  const taken = new Map<string, string>();
  return Object.entries(scenario.devices).flatMap(([name, device]) => {
    const path = ['devices', name];
    const profile = profiles.get(device.profile);
    const faults: Fault[] = [];
    if (scenario.lines[device.line] === undefined) {
      const known = Object.keys(scenario.lines).join(', ');
      const params = { kind: { en: 'line', zh: '总线' }, name: device.line, known };
      faults.push(document.fault('CONFIG_UNKNOWN_REFERENCE', [...path, 'line'], params));
    }
    if (scenario.lines[name] !== undefined) {
      const detail = {
        en: `a line is called ${name}, too: commands could not tell them apart`,
        zh: `与总线 ${name} 重名`,
      };
      faults.push(document.fault('CONFIG_CONTRADICTION', path, { detail }, { on: 'key' }));
    }
    if (profile === undefined) {
      const params = { profile: device.profile, near: nearest(device.profile, profiles.keys()) };
      return [...faults, document.fault('CONFIG_UNKNOWN_PROFILE', [...path, 'profile'], params)];
    }
    const address = `${device.line} ${device.unit ?? profile.unit}`;
    const other = taken.get(address);
    taken.set(address, name);
    if (other !== undefined) {
      const detail = { en: `unit and line are those of ${other}`, zh: `从站地址和总线与 ${other} 相同` };
      faults.push(document.fault('CONFIG_CONTRADICTION', path, { detail }));
    }
    return [...faults, ...checkFields(device, path, document, profile)];
  });
}

function checkFields(device: DeviceText, path: string[], document: YamlDocument, profile: Profile): Fault[] {
  const faults = Object.entries(device.show).flatMap(([name, quantity]) => {
    const at = [...path, 'show', name];
    const field = profile.fields[name];
    if (field === undefined) {
      const params = { kind: { en: 'field', zh: '字段' }, name, known: Object.keys(profile.fields).join(', ') };
      return [document.fault('CONFIG_UNKNOWN_REFERENCE', at, params, { on: 'key' })];
    }
    const units = { from: QUANTITIES[quantity].unit, to: field.unit ?? '1' };
    if (conversion(units.from, units.to) !== null) return [];
    const detail = {
      en: `${quantity} in ${units.from} cannot be shown in ${units.to}`,
      zh: `${quantity} 的单位 ${units.from} 不能换算为 ${units.to}`,
    };
    return [document.fault('CONFIG_CONTRADICTION', at, { detail })];
  });
  const isOpen = Object.values(profile.fields).some((field) => field.code === 'site');
  const behaviour = findBehaviour(profile.id);
  if (isOpen && quantityOfCode(device.code ?? '') === undefined) {
    const detail = {
      en: `${profile.id} needs the code of a quantity that a plant has, as w01018`,
      zh: `${profile.id} 需要因子编码，例如 w01018`,
    };
    faults.push(document.fault('CONFIG_CONTRADICTION', [...path, 'code'], { detail }));
  }
  if (device.batch !== undefined && behaviour.analysing === undefined) {
    const detail = { en: `${profile.id} does not measure in batches`, zh: `${profile.id} 不是批式分析仪` };
    faults.push(document.fault('CONFIG_CONTRADICTION', [...path, 'batch'], { detail }));
  }
  return faults;
}

/** The timeline speaks the language of the prompt, and to devices and lines that exist. */
function checkTimeline(scenario: ScenarioText, document: YamlDocument): Fault[] {
  const known = [...Object.keys(scenario.devices), ...Object.keys(scenario.lines)];
  return scenario.timeline.flatMap((step, k) => {
    const path = ['timeline', k, 'do'];
    try {
      const command = parseCommand(step.do);
      const target = targetOf(command);
      const lacking = command.do === 'state' ? lackingState(scenario, command.device, command.state) : null;
      if (lacking !== null) return [document.fault('SIM_COMMAND', path, { command: step.do, detail: lacking })];
      if (target === null || known.includes(target)) return [];
      const params = { kind: { en: 'device or line', zh: '仪器或总线' }, name: target, known: known.join(', ') };
      return [document.fault('CONFIG_UNKNOWN_REFERENCE', path, params)];
    } catch (fault) {
      if (!isLimpidError(fault, 'SIM_COMMAND')) throw fault;
      return [document.fault('SIM_COMMAND', path, { command: step.do, detail: String(fault.params.detail) })];
    }
  });
}

/** What to say when the device has no such state; null when it has, or when there is no such device. */
function lackingState(scenario: ScenarioText, device: string, state: DeviceState): string | null {
  const profile = scenario.devices[device]?.profile;
  if (profile === undefined) return null;
  const { states } = findBehaviour(profile);
  return states[state] === undefined
    ? `${profile} has no state ${state}; possible: ${Object.keys(states).join(', ')}`
    : null;
}

function targetOf(command: Command): string | null {
  if (command.do === 'fault' || command.do === 'clear') return command.target;
  if (command.do === 'state' || command.do === 'show') return command.device;
  return null;
}

function findFile(nameOrFile: string): string {
  const isPath = isAbsolute(nameOrFile) || nameOrFile.includes(sep) || /\.ya?ml$/.test(nameOrFile);
  if (!isPath && listScenarios().includes(nameOrFile)) return join(SHIPPED, nameOrFile, 'scenario.yaml');
  const stat = statSync(nameOrFile, { throwIfNoEntry: false });
  if (stat === undefined) throw new LimpidError('SIM_UNKNOWN', { name: nameOrFile, known: listScenarios().join(', ') });
  return stat.isDirectory() ? join(nameOrFile, 'scenario.yaml') : nameOrFile;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (fault) {
    throw new LimpidError('CONFIG_UNREADABLE', { file, detail: faultText(fault) }, { cause: fault });
  }
}

function profilesFor(folder: string): Map<string, Profile> {
  const own = join(folder, 'profiles');
  const hasOwn = statSync(own, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const { profiles, faults } = loadProfiles({ directories: hasOwn ? [own] : [] });
  const errors = faults.filter((fault) => fault.severity === 'error' && fault.file.startsWith(own));
  if (errors.length > 0) throw unusable(own, errors);
  return profiles;
}

function unusable(file: string, faults: readonly Fault[]): LimpidError {
  const list = (language: 'en' | 'zh') => faults.map((fault) => `\n  ${showFault(fault, language)}`).join('');
  return new LimpidError('SIM_SCENARIO', { file, faults: list('en'), faultsZh: list('zh') });
}
