import { QUALITIES, type Quality } from '../core/quality.ts';
import type { DataType, WordOrder } from '../core/reading.ts';
import { decodeWords } from '../core/words.ts';
import type { FieldResult } from '../modbus/field.ts';
import { statusFields } from './field-words.ts';
import type { Profile, ProfileField, StatusRule } from './schema.ts';

/** A status rule, ready to be asked with every scan. */
export interface CompiledRule {
  field: string;
  type: DataType;
  order: WordOrder;
  quality: Quality;
  /** whether the rule holds for this integer, the unscaled content of the field */
  holds(value: number | bigint): boolean;
  concerns(channel: string): boolean;
}

export function compileRules(profile: Profile, fields: Readonly<Record<string, ProfileField>>): CompiledRule[] {
  if (!Array.isArray(profile.status)) return [];
  const carriers = statusFields(profile);
  return profile.status.flatMap((rule) => {
    const field = fields[rule.field];
    if (field === undefined) return []; // lint reports it; a rule without a field concerns nobody
    return [
      {
        field: rule.field,
        type: field.type,
        order: field.order ?? profile.order,
        quality: QUALITIES[rule.quality],
        holds: toTest(rule),
        concerns: (channel: string) =>
          rule.channels?.includes(channel) ?? (!carriers.has(channel) && isMeasured(fields[channel])),
      },
    ];
  });
}

/** What a rule says of this scan: it holds, it does not, or its field could not be read. */
export type Verdict = 'holds' | 'not' | 'unread';

export function verdictOf(rule: CompiledRule, result: FieldResult | undefined): Verdict {
  return result?.ok ? verdictOfWords(rule, result.words) : 'unread';
}

function verdictOfWords(rule: CompiledRule, words: Uint16Array): Verdict {
  const value = decodeWords(words, rule.type, rule.order);
  if (value === null || typeof value === 'string' || Number.isNaN(value)) return 'unread';
  return rule.holds(value) ? 'holds' : 'not';
}

/**
 * Of a status that was read before and after the values the one that counts is the worse: it alone is recorded, so that
 * whoever has only what was sealed comes to the same quality.
 */
export function withWorseStatus(
  results: ReadonlyMap<string, FieldResult>,
  rules: readonly CompiledRule[],
): ReadonlyMap<string, FieldResult> {
  const worse = [...results].flatMap(([name, result]): [string, FieldResult][] => {
    if (!result.ok || result.earlier === undefined) return [];
    const own = rules.filter(({ field }) => field === name);
    if (rankOf(own, result.earlier) >= rankOf(own, result.words)) return [];
    return [[name, { ok: true, words: result.earlier, monoMs: result.monoMs }]];
  });
  return worse.length === 0 ? results : new Map([...results, ...worse]);
}

/** The place of the first rule that holds; words that say nothing come after all rules, a normal status last. */
function rankOf(rules: readonly CompiledRule[], words: Uint16Array): number {
  const verdicts = rules.map((rule) => verdictOfWords(rule, words));
  const held = verdicts.indexOf('holds');
  if (held >= 0) return held;
  return verdicts.includes('unread') ? rules.length : Number.POSITIVE_INFINITY;
}

/** Words about the instrument (error codes, flags, sample times) are true whatever state it is in. */
function isMeasured(field: ProfileField | undefined): boolean {
  if (field === undefined || field.type === 'string' || field.type === 'time') return false;
  return field.code !== undefined || (field.unit ?? '1') !== '1' || field.type === 'f32' || field.type === 'f64';
}

function toTest(rule: StatusRule): (value: number | bigint) => boolean {
  const masked = toMask(rule.mask);
  if (rule.equals !== undefined) {
    const wanted = listOf(rule.equals);
    return (value) => wanted.has(masked(value));
  }
  if (rule.not !== undefined) {
    const normal = listOf(rule.not);
    return (value) => !normal.has(masked(value));
  }
  if (rule.between !== undefined) {
    const [first, last] = rule.between;
    return (value) => masked(value) >= first && masked(value) <= last;
  }
  return (value) => masked(value) !== 0;
}

function toMask(mask: number | undefined): (value: number | bigint) => number {
  if (mask === undefined) return Number;
  const bits = BigInt(mask);
  return (value) =>
    Number.isInteger(value) || typeof value === 'bigint'
      ? Number(BigInt.asUintN(64, BigInt(value)) & bits)
      : Number.NaN;
}

function listOf(values: number | readonly number[]): Set<number> {
  return new Set(typeof values === 'number' ? [values] : values);
}
