import { scaleToMantissa } from '../core/decimal.ts';
import type { LimpidError } from '../core/error.ts';
import { QUALITIES, type Quality } from '../core/quality.ts';
import type { Basis, Channel, Mantissa, Reading } from '../core/reading.ts';
import { decodeWords, toRaw } from '../core/words.ts';
import type { DeviceMap, FieldResult } from '../modbus/field.ts';
import { rangeOf, scaleOf } from './field-scale.ts';
import { decimalsOf, functionOf, isChannel, statusFields, wordsOf } from './field-words.ts';
import { applyOverrides, type EffectiveField, type Overrides } from './override.ts';
import type { Profile, ProfileField } from './schema.ts';
import { type CompiledRule, compileRules, type Verdict, verdictOf, withWorseStatus } from './status.ts';

export interface BindOptions extends Overrides {
  /** name of the device in site.yaml */
  device: string;
  /** outlet of its channels unless a field says otherwise; '' for none */
  outlet: string;
  /** channels are numbered from here in the order of the profile */
  firstChannelId: number;
}

/** A profile at work: what to read, and what it becomes. */
export interface BoundDevice {
  profile: Profile;
  /** read with every scan: all channels */
  map: DeviceMap;
  /** parameters that are watched for changes, to be read at a slow pace */
  watchMap: DeviceMap;
  channels: Channel[];
  /** id of a channel → id of the channel that holds the time its result was sampled */
  sampledAt: Map<number, number>;
  /** One reading for every channel, whatever happened to its registers. Keys of `results` are field names. */
  readings(results: ReadonlyMap<string, FieldResult>, at: { wallMs: number; monoMs: number }): Reading[];
}

/** Throws CONFIG_CONTRADICTION or CONFIG_UNKNOWN_REFERENCE when an override does not fit the profile. */
export function bindProfile(profile: Profile, options: BindOptions): BoundDevice {
  const fields = applyOverrides(profile, options);
  const names = Object.keys(fields);
  const recorded = names.filter((name) => isChannel(fields[name]!));
  const channels = recorded.map((name, k) =>
    toChannel(profile, { name, ...fields[name]! }, options, options.firstChannelId + k),
  );
  const rules = compileRules(profile, fields);
  const carriers = statusFields(profile);
  const plans = channels.map((channel) => ({
    ...toPlan(channel, fields[channel.name]!, rules, carriers, profile),
    sampledAt: channels.find(({ name }) => name === fields[channel.name]!.sampledAt) ?? null,
  }));
  const watched = names.filter((name) => fields[name]!.watch !== undefined);
  return {
    profile,
    channels,
    map: { ...toMap(profile, fields, recorded), guards: [...carriers] },
    watchMap: toMap(profile, fields, watched),
    sampledAt: sampleTimes(channels, fields),
    readings: (scanned, at) => {
      const results = withWorseStatus(scanned, rules);
      const verdicts = rules.map((rule) => verdictOf(rule, results.get(rule.field)));
      return plans.map((plan) => interpret(plan, results, verdicts, at));
    },
  };
}

/** How one channel is interpreted. */
interface Plan {
  channel: Channel;
  /** words that mean "no value" */
  invalid: readonly (readonly number[])[];
  /** the status rules that concern it, in order: [index, quality] */
  rules: readonly (readonly [number, Quality])[];
  statusUnknown: boolean;
  /** the channel that says when this result was sampled */
  sampledAt: Pick<Channel, 'name' | 'type' | 'order'> | null;
}

function toPlan(
  channel: Channel,
  field: ProfileField,
  rules: readonly CompiledRule[],
  carriers: ReadonlySet<string>,
  profile: Profile,
): Omit<Plan, 'sampledAt'> {
  return {
    channel,
    invalid: (field.invalidWords ?? []).map((words) => words.split(' ').map((word) => Number.parseInt(word, 16))),
    rules: rules.flatMap((rule, k) => (rule.concerns(channel.name) ? [[k, rule.quality] as const] : [])),
    // A maker who documents no status is named as such in the profile; silence is no statement.
    statusUnknown: !carriers.has(channel.name) && profile.status === undefined,
  };
}

/** Quality in order of precedence: the way to the instrument, its status, the time of its sample, its value. */
function interpret(
  plan: Plan,
  results: ReadonlyMap<string, FieldResult>,
  verdicts: readonly Verdict[],
  at: { wallMs: number; monoMs: number },
): Reading {
  const { channel } = plan;
  const result = results.get(channel.name);
  const when = { wallMs: at.wallMs, monoMs: at.monoMs };
  if (!result?.ok) {
    const quality = result === undefined ? QUALITIES.readError : communicationQuality(result.fault);
    return { channel, ...when, raw: null, value: null, quality };
  }
  const value = mantissaOf(plan, result.words);
  const quality = statusQuality(plan, verdicts) ?? sampleTimeQuality(plan, results) ?? valueQuality(channel, value);
  return { channel, ...when, raw: toRaw(result.words), value, quality };
}

function communicationQuality(fault: LimpidError): Quality {
  if (fault.code === 'DEVICE_SILENT' || fault.code === 'DEVICE_BACKED_OFF') return QUALITIES.noAnswer;
  return fault.code.startsWith('LINE_') ? QUALITIES.busFault : QUALITIES.readError;
}

function statusQuality(plan: Plan, verdicts: readonly Verdict[]): Quality | null {
  const held = plan.rules.find(([rule]) => verdicts[rule] === 'holds');
  if (held !== undefined) return held[1];
  // A status that could not be read is not a good one.
  if (plan.rules.some(([rule]) => verdicts[rule] === 'unread')) return QUALITIES.readError;
  return plan.statusUnknown ? QUALITIES.statusUnknown : null;
}

/** A result of unknown time belongs to no hour: counted for the hour in which it was read it would be a wrong one. */
function sampleTimeQuality({ sampledAt }: Plan, results: ReadonlyMap<string, FieldResult>): Quality | null {
  if (sampledAt === null) return null;
  const result = results.get(sampledAt.name);
  const isRead = result?.ok === true && decodeWords(result.words, sampledAt.type, sampledAt.order) !== null;
  return isRead ? null : QUALITIES.readError;
}

function mantissaOf({ channel, invalid }: Plan, words: Uint16Array): Mantissa {
  if (invalid.some((pattern) => pattern.length === words.length && pattern.every((word, k) => word === words[k]))) {
    return null;
  }
  const value = decodeWords(words, channel.type, channel.order);
  return value === null || typeof value === 'string' ? null : scaleToMantissa(value, channel.scale, channel.exponent);
}

function valueQuality({ type, range }: Channel, value: Mantissa): Quality {
  if (type === 'string') return QUALITIES.good; // text has no value, and nothing that could be out of range
  if (value === null) return QUALITIES.outOfRange;
  return range !== null && (value < range.low || value > range.high) ? QUALITIES.outOfRange : QUALITIES.good;
}

function toChannel(
  profile: Profile,
  field: EffectiveField & { name: string },
  { device, outlet }: BindOptions,
  id: number,
): Channel {
  const exponent = -decimalsOf(field);
  return {
    id,
    device,
    name: field.name,
    code: field.code ?? '',
    outlet: field.outlet ?? outlet,
    unit: field.unit ?? '1',
    fn: functionOf(profile, field),
    address: field.at,
    words: wordsOf(field),
    type: field.type,
    order: field.order ?? profile.order,
    scale: scaleOf(field),
    exponent: exponent + 0, // no −0
    basis: field.basis ?? NO_BASIS,
    range: rangeOf(field),
    disclosure: field.disclosure,
  };
}

const NO_BASIS: Basis = { moisture: 'none', state: 'none', referenceDegC: null };

function toMap(profile: Profile, fields: Record<string, ProfileField>, names: readonly string[]): DeviceMap {
  const toBlock = (block: Profile['blocks'][number]) => ({
    fn: block.fn ?? profile.fn,
    first: block.first,
    last: block.last,
  });
  return {
    fields: names.flatMap((name) => {
      const field = fields[name];
      if (field === undefined) return [];
      return [{ name, fn: functionOf(profile, field), address: field.at, count: wordsOf(field) }];
    }),
    blocks: profile.blocks.map(toBlock),
    forbidden: profile.forbidden.map(toBlock),
    maxRegisters: profile.maxRegisters,
  };
}

function sampleTimes(channels: readonly Channel[], fields: Record<string, ProfileField>): Map<number, number> {
  const ids = new Map(channels.map((channel) => [channel.name, channel.id]));
  return new Map(
    channels.flatMap((channel) => {
      const time = ids.get(fields[channel.name]?.sampledAt ?? '');
      return time === undefined ? [] : [[channel.id, time] as const];
    }),
  );
}
