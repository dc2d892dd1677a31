import { z } from 'zod';
import { CODES, type Code } from '../core/codes.ts';
import { formatDecimal } from '../core/decimal.ts';
import { LimpidError } from '../core/error.ts';
import { QUALITY_NAMES, qualityName } from '../core/quality.ts';
import type { Reading } from '../core/reading.ts';
import type { Field, FieldResult } from '../modbus/field.ts';
import { type BoundDevice, bindProfile } from './interpret.ts';
import { factorCodeSchema, type Profile } from './schema.ts';
import { checkShape } from './shape.ts';
import { type Fault, readYaml } from './yaml-document.ts';

const FAULT_CODES = Object.keys(CODES).filter((code): code is Code => /^(DEVICE|LINE)_/.test(code));

const answerSchema = z.strictObject({
  fn: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]).optional(),
  at: z.int().min(0).max(0xffff),
  words: z
    .string()
    .regex(/^[0-9A-Fa-f]{4}(\s+[0-9A-Fa-f]{4})*$/)
    .optional()
    .describe('registers in hex as they travel'),
  count: z.int().min(1).optional().describe('registers that were asked for in vain'),
  error: z.enum(FAULT_CODES).optional(),
});

/** `cases/*.yaml`: what the wire said, and what must be read from it. */
export const caseSchema = z.strictObject({
  origin: z.enum(['manual', 'synthetic']).describe('manual: bytes printed by the maker; synthetic: made up here'),
  what: z.string().min(1),
  source: z.string().min(1).optional().describe('page of the manual'),
  code: factorCodeSchema.optional().describe('what the site says the device measures'),
  answers: z.array(answerSchema).min(1),
  readings: z.record(
    z.string(),
    z.strictObject({
      value: z.string().nullable().describe('decimal with all its digits, null for none'),
      quality: z.enum(QUALITY_NAMES),
    }),
  ),
});

export type ProfileCase = z.output<typeof caseSchema>;

export function parseCase(text: string, file: string): { value: ProfileCase | null; faults: Fault[] } {
  return checkShape(readYaml(text, file), caseSchema);
}

/** Every reading of the device, as far as the case speaks of it: "34.56 good". */
export function runCase(
  profile: Profile,
  each: ProfileCase,
): Record<string, { value: string | null; quality: string }> {
  const bound = bindProfile(profile, { device: 'case', outlet: '', code: each.code, firstChannelId: 0 });
  const readings = bound.readings(resultsOf(bound, profile, each), { wallMs: 0, monoMs: 0 });
  return Object.fromEntries(
    readings
      .filter(({ channel }) => Object.hasOwn(each.readings, channel.name))
      .map((reading) => [reading.channel.name, { value: valueText(reading), quality: qualityName(reading.quality) }]),
  );
}

function valueText({ value, channel }: Reading): string | null {
  return value === null ? null : formatDecimal(value, channel.exponent);
}

function resultsOf(bound: BoundDevice, profile: Profile, { answers }: ProfileCase): Map<string, FieldResult> {
  const results = new Map<string, FieldResult>();
  for (const field of bound.map.fields) {
    for (const answer of answers) {
      const result = (answer.fn ?? profile.fn) === field.fn ? within(field, answer) : null;
      if (result !== null) results.set(field.name, result);
    }
  }
  return results;
}

function within(field: Field, { at, words, count, error }: ProfileCase['answers'][number]): FieldResult | null {
  const all = (words ?? '').split(/\s+/).map((word) => Number.parseInt(word, 16));
  const first = field.address - at;
  const length = error === undefined ? all.length : (count ?? 1);
  if (first < 0 || first + field.count > length) return null;
  return error === undefined
    ? { ok: true, words: Uint16Array.from(all.slice(first, first + field.count)), monoMs: 0 }
    : { ok: false, fault: new LimpidError(error), monoMs: 0 };
}
