import { findFactor } from '../core/factor.ts';
import { isSameKind } from '../core/unit.ts';
import type { Fault, Wording } from '../profiles/yaml-document.ts';
import type { Draft, Section } from './draft.ts';
import { checkPermit } from './permit.ts';
import { RULE_SETS } from './rule-sets.ts';
import type { SiteFacility, SiteOutlet } from './schema.ts';

export function checkHead({ head, fault }: Draft): Fault[] {
  if (head === null) return [];
  const verdict = checkPermit(head.permit);
  if (verdict.state === 'valid') return [];
  const path = ['site', 'permit'];
  const options = verdict.state === 'undecided' ? { severity: 'warning' as const } : {};
  return [fault('CONFIG_PERMIT', path, { detail: verdict.detail }, options)];
}

export function checkOutlets(draft: Draft): Fault[] {
  return [...draft.outlets.valid].flatMap(([name, outlet]) => [
    ...checkRuleSet(draft, name, outlet),
    ...outlet.limits.flatMap((limit, k) => checkLimit(draft, ['outlets', name, 'limits', k], outlet, limit)),
    ...Object.keys(outlet.annualCapsT).flatMap((code) => {
      const path = ['outlets', name, 'annualCapsT', code];
      if (findFactor(code)?.medium !== outlet.medium) return [contradiction(draft, path, otherMedium(code))];
      return findFactor(code)?.amountUnit === null ? [contradiction(draft, path, noAmount(code))] : [];
    }),
  ]);
}

function checkRuleSet({ fault }: Draft, name: string, outlet: SiteOutlet): Fault[] {
  const path = ['outlets', name, 'ruleSet'];
  const known = Object.keys(RULE_SETS);
  if (!known.includes(outlet.ruleSet)) {
    const params = { kind: RULE_SET, name: outlet.ruleSet, known: known.join(', ') };
    return [fault('CONFIG_UNKNOWN_REFERENCE', path, params)];
  }
  if (RULE_SETS[outlet.ruleSet]?.medium === outlet.medium) return [];
  return [fault('CONFIG_CONTRADICTION', path, { detail: wrongRuleSet(outlet) })];
}

function checkLimit(
  draft: Draft,
  path: (string | number)[],
  outlet: SiteOutlet,
  limit: SiteOutlet['limits'][number],
): Fault[] {
  const faults: Fault[] = [];
  const given = [limit.mgPerM3, limit.mgPerL, limit.kgPerH, limit.low ?? limit.high].filter(
    (value) => value !== undefined,
  );
  if (given.length !== 1) faults.push(contradiction(draft, path, ONE_LIMIT));
  if (findFactor(limit.code)?.medium !== outlet.medium)
    faults.push(contradiction(draft, path, otherMedium(limit.code)));
  const factor = findFactor(limit.code);
  const concentration = limit.mgPerM3 ?? limit.mgPerL;
  if (concentration !== undefined && factor !== undefined && !isSameKind(factor.unit, 'mg/L')) {
    faults.push(contradiction(draft, path, noConcentration(limit.code, factor.unit)));
  }
  const foreign = outlet.medium === 'air' ? limit.mgPerL : limit.mgPerM3;
  if (foreign !== undefined) faults.push(contradiction(draft, path, OTHER_UNIT));
  if (limit.low !== undefined && limit.high !== undefined && limit.low >= limit.high) {
    faults.push(contradiction(draft, path, EMPTY_LIMIT));
  }
  return faults;
}

export function checkFacilities(draft: Draft): Fault[] {
  return [...draft.facilities.valid].flatMap(([name, facility]) => [
    ...reference(draft, ['facilities', name, 'outlet'], OUTLET, facility.outlet, draft.outlets),
    ...checkRunning(draft, ['facilities', name, 'runningWhen'], facility.runningWhen?.channel),
    ...checkCondition(draft, ['facilities', name, 'runningWhen'], facility.runningWhen),
  ]);
}

function checkCondition(draft: Draft, path: string[], when: SiteFacility['runningWhen']): Fault[] {
  if (when === undefined) return [];
  const given = [when.aboveKw, when.aboveA, when.aboveHz, when.equals].filter((value) => value !== undefined);
  return given.length === 1 ? [] : [contradiction(draft, path, ONE_CONDITION)];
}

/** `device` or `device.channel`. Only a warning: whether the plant runs decides about marks, not about readings. */
function checkRunning({ devices, profiles, fault }: Draft, path: string[], channel: string | undefined): Fault[] {
  if (channel === undefined) return [];
  const [device = '', field] = channel.split('.');
  const profile = profiles.get(devices.valid.get(device)?.profile ?? '');
  const known = devices.names.includes(device) && (field === undefined || profile?.fields[field] !== undefined);
  if (known || (devices.names.includes(device) && profile === undefined)) return [];
  const params = { kind: CHANNEL, name: channel, known: devices.names.join(', ') };
  return [fault('CONFIG_UNKNOWN_REFERENCE', [...path, 'channel'], params, { severity: 'warning' })];
}

export function reference(
  { fault }: Draft,
  path: (string | number)[],
  kind: Wording,
  name: string,
  section: Section<unknown>,
): Fault[] {
  if (section.names.includes(name)) return [];
  return [fault('CONFIG_UNKNOWN_REFERENCE', path, { kind, name, known: section.names.join(', ') || '-' })];
}

function contradiction({ fault }: Draft, path: (string | number)[], detail: Wording): Fault {
  return fault('CONFIG_CONTRADICTION', path, { detail });
}

export const OUTLET: Wording = { en: 'outlet', zh: '排放口' };
const RULE_SET: Wording = { en: 'rule set', zh: '规则集' };
const CHANNEL: Wording = { en: 'channel', zh: '通道' };
const ONE_LIMIT: Wording = {
  en: 'a limit has exactly one of mgPerM3, mgPerL, kgPerH, or low and high',
  zh: '限值须且只能给出 mgPerM3、mgPerL、kgPerH 之一，或 low 和 high',
};
const ONE_CONDITION: Wording = {
  en: 'runningWhen has exactly one of aboveKw, aboveA, aboveHz, equals',
  zh: 'runningWhen 须且只能给出 aboveKw、aboveA、aboveHz、equals 之一',
};
const OTHER_UNIT: Wording = {
  en: 'air limits are mgPerM3 or kgPerH, water limits mgPerL or kgPerH',
  zh: '废气限值用 mgPerM3 或 kgPerH，废水限值用 mgPerL 或 kgPerH',
};
const EMPTY_LIMIT: Wording = { en: 'low must be below high', zh: 'low 须小于 high' };
const otherMedium = (code: string): Wording => ({
  en: `${code} is not a factor of the medium of this outlet`,
  zh: `${code} 不属于该排放口的介质`,
});
const noConcentration = (code: string, unit: string): Wording => ({
  en: `${code} is no concentration but given in ${unit}: use low and high`,
  zh: `${code} 不是浓度，单位为 ${unit}：请使用 low 和 high`,
});
const noAmount = (code: string): Wording => ({ en: `${code} has no mass`, zh: `${code} 没有排放量` });
const wrongRuleSet = ({ ruleSet, medium }: SiteOutlet): Wording => ({
  en: `${ruleSet} is not for ${medium}`,
  zh: `${ruleSet} 不适用于 ${medium === 'air' ? '废气' : '废水'}`,
});
