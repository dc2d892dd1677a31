import { type Factor, findFactor } from '../core/factor.ts';
import type { Channel } from '../core/reading.ts';
import { isSameKind, showUnit } from '../core/unit.ts';
import { bindProfile } from '../profiles/interpret.ts';
import { nearest } from '../profiles/nearest.ts';
import { overrideFaults } from '../profiles/override.ts';
import type { Profile } from '../profiles/schema.ts';
import type { Fault, Wording } from '../profiles/yaml-document.ts';
import { OUTLET, reference } from './check-outlets.ts';
import type { Draft } from './draft.ts';
import { RULE_SETS } from './rule-sets.ts';
import type { ParsedDevice } from './schema.ts';

const DEFAULT_POLL_MS = 2_500;

/** A serial line has the addresses 1..247 (Modbus over serial line V1.02, §2.2). */
const LAST_SERIAL_UNIT = 247;

export function pollEveryMsOf(device: ParsedDevice, profile: Profile | undefined): number {
  return device.pollEveryMs ?? profile?.pollEveryMs ?? DEFAULT_POLL_MS;
}

export function checkDevices(draft: Draft): Fault[] {
  const bound = new Map<string, Channel[]>();
  const faults = [...draft.devices.valid].flatMap(([name, device]) => {
    const path = ['devices', name];
    const profile = draft.profiles.get(device.profile);
    const found = [
      ...reference(draft, [...path, 'line'], LINE, device.line, draft.lines),
      ...(device.outlet === undefined
        ? []
        : reference(draft, [...path, 'outlet'], OUTLET, device.outlet, draft.outlets)),
      ...Object.entries(device.channels).flatMap(([field, { outlet }]) =>
        outlet === undefined
          ? []
          : reference(draft, [...path, 'channels', field, 'outlet'], OUTLET, outlet, draft.outlets),
      ),
    ];
    if (profile === undefined) return [...found, unknownProfile(draft, name, device)];
    const refused = overrideFaults(profile, device);
    const said = draft.devices.pruned.has(name) ? refused.filter((each) => each.path.length > 0) : refused;
    found.push(...said.map((each) => draft.fault(each.code, [...path, ...each.path], each.params)));
    found.push(...checkUnit(draft, name, device, profile));
    if (refused.length === 0) {
      bound.set(name, channelsOf(name, device, profile));
      found.push(...checkPace(draft, name, device, profile, bound.get(name) ?? []));
      found.push(...checkUnits(draft, name, bound.get(name) ?? []));
      found.push(...checkRanges(draft, name, profile, bound.get(name) ?? []));
    }
    return found;
  });
  return [...faults, ...checkAddresses(draft), ...checkTwice(draft, bound)];
}

function channelsOf(name: string, device: ParsedDevice, profile: Profile): Channel[] {
  return bindProfile(profile, { ...device, device: name, outlet: device.outlet ?? '', firstChannelId: 0 }).channels;
}

function unknownProfile({ profiles, fault }: Draft, name: string, { profile }: ParsedDevice): Fault {
  const near = nearest(profile, profiles.keys()) || '-';
  return fault('CONFIG_UNKNOWN_PROFILE', ['devices', name, 'profile'], { profile, near });
}

function checkUnit({ lines, fault }: Draft, name: string, device: ParsedDevice, profile: Profile): Fault[] {
  const unit = device.unit ?? profile.unit;
  const type = lines.valid.get(device.line)?.type;
  if (type === undefined || type === 'tcp' || (unit >= 1 && unit <= LAST_SERIAL_UNIT)) return [];
  return [fault('CONFIG_CONTRADICTION', ['devices', name, 'unit'], { detail: SERIAL_UNIT })];
}

/** Two devices may share an address when their profiles read different registers; the same profile twice is a slip. */
function checkAddresses({ devices, profiles, fault }: Draft): Fault[] {
  const seen = new Map<string, string>();
  return [...devices.valid].flatMap(([name, device]) => {
    const unit = device.unit ?? profiles.get(device.profile)?.unit ?? 1;
    const key = JSON.stringify([device.line, unit, device.profile]);
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, name);
      return [];
    }
    return [fault('CONFIG_CONTRADICTION', ['devices', name], { detail: sameAddress(other) }, { on: 'key' })];
  });
}

/** A pH in mg/L is a slip of code or unit; what follows could neither convert nor judge it. */
function checkUnits({ fault }: Draft, device: string, channels: readonly Channel[]): Fault[] {
  return channels.flatMap((channel) => {
    const factor = findFactor(channel.code);
    if (factor === undefined || isSameKind(channel.unit, factor.unit)) return [];
    const path = ['devices', device, 'channels', channel.name, 'unit'];
    return [fault('CONFIG_CONTRADICTION', path, { detail: otherKind(channel, factor) })];
  });
}

/** Where the range is all that can tell a wrong number. Own codes are sent to nobody, and a total has no range. */
function checkRanges(draft: Draft, device: string, profile: Profile, channels: readonly Channel[]): Fault[] {
  if (profile.status !== 'communication-and-range' || draft.devices.pruned.has(device)) return [];
  return channels
    .filter(({ code, range }) => range === null && findFactor(code) !== undefined && !code.startsWith('x'))
    .map(({ name, unit }) => {
      const path = ['devices', device, 'channels', name];
      return draft.fault('CONFIG_NO_RANGE', path, { channel: name, unit }, { severity: 'warning' });
    });
}

/** One outlet has one source of each factor: two would be averaged, sent and judged as one. */
function checkTwice({ fault, outlets }: Draft, bound: ReadonlyMap<string, Channel[]>): Fault[] {
  const first = new Map<string, Channel>();
  const foreign: Channel[] = [];
  const repeated = new Map<string, [Channel, Channel][]>();
  for (const channel of [...bound.values()].flat()) {
    const medium = outlets.valid.get(channel.outlet)?.medium;
    if (channel.code === '' || medium === undefined) continue;
    if (findFactor(channel.code)?.medium !== medium) foreign.push(channel);
    const key = `${channel.outlet} ${channel.code}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, channel);
    else repeated.set(channel.device, [...(repeated.get(channel.device) ?? []), [channel, other]]);
  }
  const at = (device: string, detail: Wording) =>
    fault('CONFIG_CONTRADICTION', ['devices', device], { detail }, { on: 'key' });
  return [
    ...foreign.map((channel) => at(channel.device, otherMedium(channel))),
    ...[...repeated].map(([device, pairs]) => at(device, sameFactors(pairs))),
  ];
}

/** The rule set of each outlet that the device feeds dictates the pace. */
function checkPace(
  { outlets, fault }: Draft,
  name: string,
  device: ParsedDevice,
  profile: Profile,
  channels: readonly Channel[],
): Fault[] {
  const intervalMs = pollEveryMsOf(device, profile);
  const path = ['devices', name, 'pollEveryMs'];
  for (const { outlet, code } of channels) {
    const ruleSet = outlets.valid.get(outlet)?.ruleSet ?? '';
    const pace = Object.hasOwn(RULE_SETS, ruleSet) ? RULE_SETS[ruleSet] : undefined;
    if (pace === undefined || pace.maximumMs === null || pace.adviceMs === null) continue;
    if (code === '' || (pace.codes !== null && !pace.codes.includes(code))) continue;
    const params = { intervalMs, ruleSet, maximumMs: pace.maximumMs, adviceMs: pace.adviceMs };
    if (intervalMs > pace.maximumMs) return [fault('CONFIG_INTERVAL', path, params)];
    if (intervalMs > pace.adviceMs) return [fault('CONFIG_INTERVAL_TIGHT', path, params, { severity: 'warning' })];
  }
  return [];
}

const LINE: Wording = { en: 'line', zh: '总线' };
const SERIAL_UNIT: Wording = {
  en: `on a serial line unit is 1..${LAST_SERIAL_UNIT}`,
  zh: `串行总线上的从站地址为 1..${LAST_SERIAL_UNIT}`,
};
const sameAddress = (other: string): Wording => ({
  en: `same line, unit and profile as ${other}: the same registers would be read twice`,
  zh: `与 ${other} 的总线、从站地址和档案相同：同一寄存器会被读取两次`,
});
const sameFactors = (pairs: readonly [Channel, Channel][]): Wording => {
  const list = pairs.map(([one, other]) => `${one.outlet} ${one.code} (${other.device}.${other.name}, ${one.name})`);
  return {
    en: `an outlet has one source of each factor, but these come twice: ${list.join('; ')}; set record: false or another outlet`,
    zh: `每个排放口的每个因子只能有一个来源，以下重复：${list.join('；')}；请设置 record: false 或其他排放口`,
  };
};
const otherKind = ({ name, unit, code }: Channel, factor: Factor): Wording => ({
  en: `${name} is in ${showUnit(unit) || unit}, but ${code} (${factor.name.en}) is measured in ${factor.unit} or the like; correct the code, or say unit under channels`,
  zh: `${name} 的单位为 ${showUnit(unit) || unit}，而 ${code}（${factor.name.zh}）的单位应为 ${factor.unit} 或同类；请更正 code，或在 channels 中指定 unit`,
});
const otherMedium = ({ code, outlet, name }: Channel): Wording => ({
  en: `${name} measures ${code}, which does not belong to the medium of ${outlet}`,
  zh: `${name} 的因子 ${code} 不属于排放口 ${outlet} 的介质`,
});
