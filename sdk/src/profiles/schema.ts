import { z } from 'zod';
import { parseDecimal } from '../core/decimal.ts';
import { findFactor } from '../core/factor.ts';
import { QUALITY_NAMES, type QualityName } from '../core/quality.ts';
import { DATA_TYPES, WORD_ORDERS } from '../core/reading.ts';
import { UNITS } from '../core/unit.ts';
import { asCode, saying } from './shape.ts';

/**
 * The schema of `devices/<maker-model>/profile.yaml`. Addresses are those on the wire, from 0, decimal or 0x hex. Every
 * rule that one key alone can break is here; what needs two keys is in lint.ts.
 */

const text = z.string().min(1);
const why = text.describe('the reason or the quirk, for whoever reads this next');
const bilingual = z.strictObject({ en: text, zh: text });
const register = z.int().min(0).max(0xffff);
const readFunction = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]);
const wordOrder = z.enum(WORD_ORDERS);

/** A decimal number that stays exact: 0.1, "0.1", "-273.15", 1e-3. */
export const decimalSchema = z
  .union([z.number(), z.string()])
  .refine(
    (value) => parseDecimal(value) !== null,
    saying('expected a decimal number such as 0.1 or "-273.15"', '应为十进制数，例如 0.1 或 "-273.15"'),
  );

export const rangeSchema = z.strictObject({ low: decimalSchema, high: decimalSchema });

export const basisSchema = z.strictObject({
  moisture: z.enum(['dry', 'wet', 'none']).default('none'),
  state: z.enum(['actual', 'standard', 'none']).default('none'),
  referenceDegC: z.number().nullable().default(null),
});

export const factorCodeSchema = z
  .string()
  .refine((code) => findFactor(code) !== undefined, asCode('CONFIG_UNKNOWN_CODE'));

export const unitSchema = z.enum(UNITS);
export const disclosureSchema = z.enum(['public', 'regulator', 'confidential']);

const blockSchema = z.strictObject({
  fn: readFunction.optional(),
  first: register,
  last: register,
  why: why.optional(),
});

const FAULTY = QUALITY_NAMES.filter((name): name is Exclude<QualityName, 'good'> => name !== 'good');

const integers = z.union([z.int(), z.array(z.int()).min(1)]);

const statusRuleSchema = z.strictObject({
  field: text.describe('name of the field that carries the status'),
  mask: z.int().min(1).max(0xffffffff).optional().describe('bits to look at; alone: any of them set'),
  equals: integers.optional(),
  not: integers.optional().describe('any value but these'),
  between: z.tuple([z.int(), z.int()]).optional().describe('first and last value'),
  quality: z.enum(FAULTY),
  channels: z.array(text).min(1).optional().describe('fields it concerns; all measured ones by default'),
  why: why.optional(),
});

const totaliserSchema = z.strictObject({
  modulus: z
    .union([z.literal('unknown'), decimalSchema])
    .describe('value, in the unit of the field, at which it starts again at 0'),
  resetRule: z
    .enum(['wrap-then-reset', 'backward-is-reset'])
    .describe('how a step backwards is explained: first as a wrap at the modulus, or always as a reset'),
});

/**
 * What a watched parameter is. The i-codes of HJ 212 name them differently from platform to platform (national table
 * B.10 and provincial schemes clash), so they are a projection and stand beside the name, not in its place.
 */
export const PARAMETERS = [
  'slope',
  'intercept',
  'coefficient',
  'range',
  'range-low',
  'range-high',
  'span-concentration',
  'zero-concentration',
  'span-time',
  'zero-time',
  'calibration-time',
  'zero-drift',
  'span-drift',
  'raw-signal',
  'zero-signal',
  'span-signal',
  'lamp',
  'digestion-temperature',
  'digestion-time',
  'interval',
  'mode',
  'detection-limit',
  'limit',
  'reagent',
  'unit',
  'firmware',
  'serial-number',
] as const;

const fieldSchema = z.strictObject({
  at: register.describe('register on the wire, from 0'),
  fn: readFunction.optional(),
  type: z.enum(DATA_TYPES),
  words: z
    .int()
    .min(1)
    .max(125)
    .optional()
    .describe('registers of a string, bcd or bits; other types know theirs, coils and discrete inputs are one bit'),
  order: wordOrder.optional(),
  factor: decimalSchema.default(1),
  offset: decimalSchema.default(0),
  decimals: z.int().min(0).max(9).optional().describe('digits kept after the point; required for floats'),
  unit: unitSchema.optional(),
  code: z
    .union([z.literal('site'), factorCodeSchema])
    .optional()
    .describe('factor code; "site": the site names it'),
  basis: basisSchema.optional(),
  range: rangeSchema.optional(),
  invalidWords: z
    .array(z.string().regex(/^[0-9A-Fa-f]{4}( [0-9A-Fa-f]{4})*$/))
    .optional()
    .describe('words, as they travel, that mean "no value": "7FA0 0000"'),
  disclosure: disclosureSchema.default('public'),
  channel: z.boolean().optional().describe('false: not recorded. Fields with `watch` are not recorded by default'),
  watch: z.enum(PARAMETERS).optional().describe('a parameter to watch for changes, not a measured quantity'),
  hj: z
    .string()
    .regex(/^i\d{5}$/)
    .optional()
    .describe('i-code under which the source of this profile reports the parameter'),
  watchFor: text.optional().describe('name of the field that the watched parameter acts on'),
  sampledAt: text.optional().describe('name of the field that holds the time this result was sampled'),
  totaliser: totaliserSchema.optional(),
  siteScale: z.literal(true).optional().describe('the site may set factor and offset, as for a 4–20 mA input'),
  why: why.optional(),
});

export const profileSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  maker: text,
  model: text,
  kind: z.enum(['analyser', 'meter', 'io', 'controller']),
  name: bilingual,
  source: text.describe('manual or code that the map was taken from, with page or path'),
  edition: text.describe('edition of the manual, firmware, or revision of the source'),
  confidence: z.enum(['HIGH', 'MED', 'LOW']),
  completeness: z.enum(['P', 'p']).describe('P: ready; p: values usable, confirm the rest on site'),
  confirmOnSite: z.array(text).default([]),
  serial: z
    .strictObject({
      baudRate: z.int().min(300).max(1_000_000),
      parity: z.enum(['none', 'even', 'odd']).default('none'),
      dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
      stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    })
    .optional(),
  unit: z.int().min(0).max(255).default(1),
  pollEveryMs: z.int().min(100).optional(),
  fn: readFunction.default(3),
  order: wordOrder.default('ABCD'),
  maxRegisters: z.int().min(1).max(125).default(125),
  blocks: z.array(blockSchema).default([]).describe('documented blocks: only inside one may a read bridge a gap'),
  forbidden: z.array(blockSchema).default([]),
  fields: z.record(z.string().regex(/^[a-z][A-Za-z0-9-]*$/), fieldSchema),
  status: z.union([z.literal('communication-and-range'), z.array(statusRuleSchema).min(1)]).optional(),
  statusSource: text.optional().describe('where the maker says, or fails to say, what the status is'),
});

export type Profile = z.output<typeof profileSchema>;
export type ProfileField = Profile['fields'][string];
export type StatusRule = z.output<typeof statusRuleSchema>;
