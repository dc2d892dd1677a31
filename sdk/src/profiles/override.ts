import type { Code } from '../core/codes.ts';
import { LimpidError } from '../core/error.ts';
import type { Basis, Disclosure, WordOrder } from '../core/reading.ts';
import type { Unit } from '../core/unit.ts';
import { scaleFaults } from './field-scale.ts';
import { statusFields } from './field-words.ts';
import { nearest } from './nearest.ts';
import type { Profile, ProfileField } from './schema.ts';
import type { Wording } from './yaml-document.ts';

/** What a site may say differently about one field of a device. */
export interface Override {
  code?: string | undefined;
  unit?: Unit | undefined;
  order?: WordOrder | undefined;
  range?: ProfileField['range'];
  basis?: Basis | undefined;
  disclosure?: Disclosure | undefined;
  decimals?: number | undefined;
  /** outlet of this channel where it is not that of the device */
  outlet?: string | undefined;
  /** false: do not record it */
  record?: boolean | undefined;
  /** only where the profile says `siteScale` */
  factor?: ProfileField['factor'] | undefined;
  offset?: ProfileField['offset'] | undefined;
}

export interface Overrides {
  code?: string | undefined;
  /** by field name */
  channels?: Readonly<Record<string, Override>> | undefined;
}

export type EffectiveField = ProfileField & { outlet?: string };

/** One thing that the site says and the profile does not allow. `path` is below the device in site.yaml. */
export interface OverrideFault {
  path: string[];
  code: Code;
  params: Record<string, string | Wording>;
}

/** The fields of a profile as this site uses them. Throws the first of `overrideFaults`. */
export function applyOverrides(profile: Profile, options: Overrides): Record<string, EffectiveField> {
  const [fault] = overrideFaults(profile, options);
  if (fault !== undefined) {
    const params = Object.entries(fault.params).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : value.en,
    ]);
    throw new LimpidError(fault.code, { path: fault.path.join('.'), ...Object.fromEntries(params) });
  }
  const overrides = new Map(Object.entries(options.channels ?? {}));
  return Object.fromEntries(
    Object.entries(profile.fields).map(([name, field]) => [name, override(field, overrides.get(name), options.code)]),
  );
}

function override(field: ProfileField, change: Override = {}, siteCode?: string): EffectiveField {
  const code = change.code ?? (field.code === 'site' ? siteCode : field.code);
  const { record, ...changes } = change;
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return { ...field, ...given, code, ...(record === undefined ? {} : { channel: record }) };
}

export function overrideFaults(profile: Profile, { code, channels = {} }: Overrides): OverrideFault[] {
  const faults: OverrideFault[] = [];
  const fields = new Map(Object.entries(profile.fields));
  const open = [...fields].filter(([, field]) => field.code === 'site').map(([name]) => name);
  if (code !== undefined && open.length === 0) faults.push({ ...contradiction(['code'], FIXED(profile.id)) });
  for (const name of open) {
    if (code === undefined && channels[name]?.code === undefined)
      faults.push(contradiction([], OPEN(profile.id, name)));
  }
  for (const [name, change] of Object.entries(channels)) {
    const field = fields.get(name);
    faults.push(
      ...(field === undefined ? [unknownField(name, [...fields.keys()])] : changeFaults(name, change, profile)),
    );
  }
  return faults;
}

function unknownField(name: string, known: string[]): OverrideFault {
  const kind: Wording = { en: 'channel', zh: '通道' };
  const params = { kind, name, known: `${nearest(name, known)} (of ${known.length})` };
  return { path: ['channels', name], code: 'CONFIG_UNKNOWN_REFERENCE', params };
}

function changeFaults(name: string, change: Override, profile: Profile): OverrideFault[] {
  const field = profile.fields[name]!;
  const path = ['channels', name];
  const isScaled = change.factor !== undefined || change.offset !== undefined;
  if (isScaled && field.siteScale !== true) return [contradiction(path, SCALED(profile.id))];
  const isNeeded = statusFields(profile).has(name) || isSampleTime(profile, name);
  if (change.record === false && isNeeded) return [contradiction([...path, 'record'], NEEDED)];
  // With what the profile says: a range of its own may be too large for the decimals of the site.
  return scaleFaults(override(field, change)).map(({ key, detail }) => contradiction([...path, key], detail));
}

function isSampleTime(profile: Profile, name: string): boolean {
  return Object.values(profile.fields).some((field) => field.sampledAt === name);
}

function contradiction(path: string[], detail: Wording): OverrideFault {
  return { path, code: 'CONFIG_CONTRADICTION', params: { detail } };
}

/** Whoever has only what was sealed must come to the same quality. */
const NEEDED: Wording = {
  en: 'it decides the quality or the time of other channels, so it must be recorded',
  zh: '它决定其他通道的质量或采样时间，必须记录',
};

const FIXED = (id: string): Wording => ({
  en: `profile ${id} says itself which factors it measures; remove code`,
  zh: `仪器档案 ${id} 已规定监测因子；请删除 code`,
});

const OPEN = (id: string, field: string): Wording => ({
  en: `profile ${id} measures whatever factor it was bought for (${field}); say which, as code: w01018`,
  zh: `仪器档案 ${id} 的监测因子（${field}）由现场决定；请指定，例如 code: w01018`,
});

const SCALED = (id: string): Wording => ({
  en: `factor and offset are fixed by profile ${id}; a measured value is never scaled by the site`,
  zh: `factor 和 offset 由仪器档案 ${id} 规定；现场不得缩放测量值`,
});
