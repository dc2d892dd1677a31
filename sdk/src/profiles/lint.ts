import { findFactor } from '../core/factor.ts';
import type { DataType } from '../core/reading.ts';
import { isSameKind } from '../core/unit.ts';
import { wordsOfType } from '../core/words.ts';
import { scaleFaults } from './field-scale.ts';
import { functionOf, isChannel, statusFields, wordsOf } from './field-words.ts';
import { lintLayout } from './lint-layout.ts';
import type { Profile, ProfileField } from './schema.ts';
import type { Fault, Wording, YamlDocument } from './yaml-document.ts';

const FLOATS: readonly DataType[] = ['f32', 'f64'];
const INTEGERS: readonly DataType[] = ['u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'bits', 'u8hi', 'u8lo', 'bcd'];
const MOST_INTEGER_WORDS = 4;

/** What the schema cannot see, because it takes two keys to be wrong. All findings at once. */
export function lintProfile(profile: Profile, document: YamlDocument, folder: string): Fault[] {
  const faults: Fault[] = [];
  if (profile.id !== folder) {
    faults.push(document.fault('PROFILE_ID', ['id'], { id: profile.id, folder }));
  }
  for (const [name, field] of Object.entries(profile.fields)) {
    const path = ['fields', name];
    const details = [...typeDetails(profile, field), ...referenceDetails(profile, field)];
    faults.push(...details.map((detail) => document.fault('PROFILE_FIELD', path, { detail }, { on: 'key' })));
  }
  return [
    ...faults,
    ...lintOrder(profile, document),
    ...lintLayout(profile, document),
    ...lintStatus(profile, document),
  ];
}

/** A word order is read in a manual or tried out, never assumed: the schema's default serves one-word maps only. */
function lintOrder(profile: Profile, document: YamlDocument): Fault[] {
  const { data } = document;
  if (typeof data === 'object' && data !== null && 'order' in data) return [];
  const first = Object.entries(profile.fields).find(
    ([, field]) => field.order === undefined && wordsOf(field) > 1 && functionOf(profile, field) > 2,
  );
  if (first === undefined) return [];
  return [document.fault('PROFILE_FIELD', ['fields', first[0]], { detail: SAY.noOrder }, { on: 'key' })];
}

function typeDetails(profile: Profile, field: ProfileField): Wording[] {
  const { type } = field;
  const fixed = wordsOfType(type);
  const numeric = type !== 'string';
  const bitFunction = functionOf(profile, field) <= 2;
  const factor = findFactor(field.code ?? '');
  const found: (Wording | false)[] = [
    fixed !== null && field.words !== undefined && field.words !== fixed && SAY.fixedWords(type, fixed),
    (type === 'string' || type === 'bcd') && field.words === undefined && SAY.needsWords(type),
    (type === 'bcd' || type === 'bits') && wordsOf(field) > MOST_INTEGER_WORDS && SAY.tooWide(type),
    bitFunction && (type !== 'bits' || wordsOf(field) > 1) && SAY.bitsOnly,
    FLOATS.includes(type) && field.decimals === undefined && SAY.noDecimals(type),
    numeric && field.unit === undefined && SAY.noUnit,
    factor !== undefined &&
      field.unit !== undefined &&
      !isSameKind(field.unit, factor.unit) &&
      SAY.otherKind(factor.unit),
    type === 'time' && field.unit !== undefined && field.unit !== 's' && SAY.timeUnit,
    (field.invalidWords ?? []).some((words) => words.split(' ').length !== wordsOf(field)) && SAY.invalidLength,
  ];
  return [...found.filter((detail) => detail !== false), ...scaleFaults(field).map(({ detail }) => detail)];
}

function referenceDetails(profile: Profile, field: ProfileField): Wording[] {
  const fields = new Map(Object.entries(profile.fields));
  const found: (Wording | false)[] = [
    field.watchFor !== undefined && !fields.has(field.watchFor) && SAY.noField('watchFor', field.watchFor),
    field.watchFor !== undefined && field.watch === undefined && SAY.watchForAlone,
    field.sampledAt !== undefined &&
      fields.get(field.sampledAt)?.type !== 'time' &&
      SAY.noField('sampledAt', `${field.sampledAt} (time)`),
  ];
  return found.filter((detail) => detail !== false);
}

function lintStatus(profile: Profile, document: YamlDocument): Fault[] {
  const { status } = profile;
  const fault = (detail: Wording, path: (string | number)[] = ['status']) =>
    document.fault('PROFILE_STATUS', path, { detail });
  if (status === undefined) return [document.fault('PROFILE_NO_STATUS', [], {}, { severity: 'warning' })];
  if (!Array.isArray(status)) {
    return [
      ...(profile.kind === 'analyser' ? [fault(SAY.analyserNeedsRules)] : []),
      ...(profile.statusSource === undefined ? [fault(SAY.noStatusSource)] : []),
    ];
  }
  const carriers = statusFields(profile);
  return status.flatMap((rule, k) => {
    const path = ['status', k];
    const field = profile.fields[rule.field];
    const conditions = [rule.equals, rule.not, rule.between].filter((given) => given !== undefined).length;
    const unknown = (rule.channels ?? []).filter((name) => profile.fields[name] === undefined || carriers.has(name));
    const found: (Wording | false)[] = [
      field === undefined && SAY.noField('field', rule.field),
      field !== undefined && !INTEGERS.includes(field.type) && SAY.statusInteger(rule.field),
      // Quality must be recomputable from what was sealed.
      field !== undefined && !isChannel(field) && SAY.statusRecorded(rule.field),
      conditions > 1 && SAY.oneCondition,
      conditions === 0 && rule.mask === undefined && SAY.oneCondition,
      unknown.length > 0 && SAY.noField('channels', unknown.join(', ')),
    ];
    return found.filter((detail) => detail !== false).map((detail) => fault(detail, path));
  });
}

const SAY = {
  fixedWords: (type: string, words: number) => ({
    en: `${type} takes ${words} registers`,
    zh: `${type} 占 ${words} 个寄存器`,
  }),
  needsWords: (type: string) => ({ en: `${type} needs words`, zh: `${type} 需要 words` }),
  tooWide: (type: string) => ({
    en: `${type} of more than ${MOST_INTEGER_WORDS} registers is no integer of 64 bits`,
    zh: `${type} 超过 ${MOST_INTEGER_WORDS} 个寄存器，无法作为 64 位整数`,
  }),
  // Coils do not travel as words: several of them in one field would have no order that anybody states.
  bitsOnly: {
    en: 'functions 1 and 2 read single bits: type must be bits, without words; give each bit a field of its own',
    zh: '功能码 1、2 读取单个位：类型须为 bits 且不写 words；每一位单独作为一个字段',
  },
  noOrder: {
    en: 'the first of the fields that take several registers, but neither they nor the profile state an order',
    zh: '该字段起占多个寄存器，但字段和档案均未声明字节顺序 order',
  },
  noDecimals: (type: string) => ({
    en: `${type} needs decimals: how many digits the instrument means`,
    zh: `${type} 需要 decimals（小数位数）`,
  }),
  noUnit: { en: 'unit is missing ("1" for a number without one)', zh: '缺少单位 unit（无量纲写 "1"）' },
  otherKind: (unit: string) => ({
    en: `its factor is measured in ${unit} or the like`,
    zh: `其因子的单位应为 ${unit} 或同类`,
  }),
  timeUnit: { en: 'a time is kept in s', zh: '时间的单位为 s' },
  invalidLength: { en: 'invalidWords: as many words as the field has', zh: 'invalidWords：字数须与字段相同' },
  noField: (key: string, name: string) => ({ en: `${key}: there is no field ${name}`, zh: `${key}：没有字段 ${name}` }),
  watchForAlone: { en: 'watchFor without watch', zh: '有 watchFor 而无 watch' },
  analyserNeedsRules: {
    en: 'an analyser goes on publishing numbers while in fault, purge or calibration: map its status, or leave status out',
    zh: '分析仪在故障、反吹、校准时仍输出数值：请映射其状态，或不写 status',
  },
  noStatusSource: {
    en: 'communication-and-range needs statusSource: where the maker documents no status',
    zh: 'communication-and-range 需要 statusSource：制造商未提供状态的出处',
  },
  statusInteger: (name: string) => ({ en: `${name} is no integer`, zh: `${name} 不是整数` }),
  statusRecorded: (name: string) => ({
    en: `${name} decides the quality, so it must be recorded (channel: true)`,
    zh: `${name} 决定数据质量，必须记录（channel: true）`,
  }),
  oneCondition: {
    en: 'exactly one of equals, not, between; or a mask alone',
    zh: 'equals、not、between 须且只能有一个；或只写 mask',
  },
} as const;
