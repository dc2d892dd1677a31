/**
 * The context: what makes the numbers mean something. Each part is a deterministic CBOR array [kind, name, …] that the
 * context entry names by its leaf hash; the bytes of a part stand in the body of the entry that introduces it. The body
 * of a context entry, [* bstr], carries the parts that the context before it did not list, so the parts in force
 * follow from the context before and this body alone.
 *
 * site     = [1, name, value]                        the configuration that bears on the data, without secrets
 * channels = [2, name, [* channel]]
 * firmware = [3, name, version: tstr, tree hash: bstr / null, runtime: tstr]
 * device   = [4, name, value]                        parameters read from the device
 * channel  = [id, device, name, code, outlet, unit, fn, address, words, type, order,
 *             [num, den, offset mantissa, offset exponent], exponent, [moisture, state, °C mantissa / null],
 *             null / [low, high], disclosure]
 * Numbers that people write as decimals stand as [mantissa, exponent].
 */
import { type Decimal, parseDecimal } from '../../core/decimal.ts';
import { type Basis, type Channel, DATA_TYPES, DISCLOSURES, type Disclosure, WORD_ORDERS } from '../../core/reading.ts';
import { isUnit } from '../../core/unit.ts';
import { equalBytes, toHex } from './bytes.ts';
import { type CborValue, encodeCbor } from './cbor.ts';
import { decodeCborOrRefuse } from './cose.ts';
import { cborToDetail, detailToCbor } from './entry.ts';
import type { Detail } from './entry-types.ts';
import { oneOf, refuse, toArray, toBigInt, toBytes, toInt, toText, toUint } from './fields.ts';
import { leafHash } from './merkle.ts';
import type { Suite } from './suite.ts';

export const PART_KINDS = { site: 1, channels: 2, firmware: 3, device: 4 } as const;
export type PartKind = keyof typeof PART_KINDS;

/** A part of the context: deterministic CBOR whose first two elements are its kind and name. */
export interface ContextPart {
  kind: PartKind;
  /** device name for `device`, otherwise '' */
  name: string;
  bytes: Uint8Array;
}

export interface Firmware {
  version: string;
  /** hash of the shipped tree, where it is known */
  treeHash: Uint8Array | null;
  /** runtime and operating system, as text */
  runtime: string;
}

export type ContextContent =
  | { kind: 'site'; name: string; value: Detail }
  | { kind: 'channels'; name: string; channels: Channel[] }
  | ({ kind: 'firmware'; name: string } & Firmware)
  | { kind: 'device'; name: string; value: Detail };

export function encodeContextPart(content: ContextContent): ContextPart {
  const { kind, name } = content;
  return { kind, name, bytes: encodeCbor([PART_KINDS[kind], name, ...partMembers(content)]) };
}

function partMembers(content: ContextContent): CborValue[] {
  switch (content.kind) {
    case 'site':
    case 'device':
      return [detailToCbor(content.value)];
    case 'channels':
      return [content.channels.map(channelToCbor)];
    case 'firmware':
      return [content.version, content.treeHash, content.runtime];
  }
}

/** ENTRY_MALFORMED */
export function parseContextPart(bytes: Uint8Array): ContextContent {
  const [kind, nameValue, ...rest] = toArray(decodeCborOrRefuse(bytes, 'part of the context'), 'a part');
  const name = toText(nameValue, 'the name of a part');
  switch (kind) {
    case PART_KINDS.site:
      return { kind: 'site', name, value: cborToDetail(only(rest)) };
    case PART_KINDS.device:
      return { kind: 'device', name, value: cborToDetail(only(rest)) };
    case PART_KINDS.channels:
      return { kind: 'channels', name, channels: toChannels(only(rest)) };
    case PART_KINDS.firmware: {
      const [version, treeHash, runtime] = toArray(rest, 'firmware', 3);
      return {
        kind: 'firmware',
        name,
        version: toText(version, 'version'),
        treeHash: treeHash === null ? null : toBytes(treeHash, 'the hash of the tree'),
        runtime: toText(runtime, 'runtime'),
      };
    }
    default:
      throw refuse(`a part of kind ${String(kind)}`);
  }
}

function only(rest: readonly CborValue[]): CborValue {
  const [value] = toArray(rest, 'the content of a part', 1);
  return value!;
}

export function contextPartHash(suite: Pick<Suite, 'sha256'>, bytes: Uint8Array): Uint8Array {
  return leafHash(suite, bytes);
}

/** The body of a context entry: the parts that the context before it did not list; null when there are none. */
export function encodeContextBody(newParts: readonly Uint8Array[]): Uint8Array | null {
  return newParts.length === 0 ? null : encodeCbor(newParts);
}

export function parseContextBody(body: Uint8Array | null): Uint8Array[] {
  if (body === null) return [];
  const parts = toArray(decodeCborOrRefuse(body, 'body of a context'), 'the body of a context');
  return parts.map((part) => toBytes(part, 'a part'));
}

/**
 * The bytes of the parts that a context entry lists, in its order, from its own body and the context before it. null
 * where neither has the part. Throws ENTRY_MALFORMED when the body brings a part that the entry does not list.
 */
export function resolveContext(
  suite: Pick<Suite, 'sha256'>,
  hashes: readonly Uint8Array[],
  body: Uint8Array | null,
  partsBefore: readonly Uint8Array[],
): (Uint8Array | null)[] {
  const brought = parseContextBody(body);
  if (brought.length > hashes.length) throw refuse('more parts than the context lists');
  const known = new Map([...partsBefore, ...brought].map((part) => [toHex(contextPartHash(suite, part)), part]));
  for (const part of brought) {
    const hash = contextPartHash(suite, part);
    if (!hashes.some((listed) => equalBytes(listed, hash))) throw refuse('a part that the context does not list');
  }
  return hashes.map((hash) => known.get(toHex(hash)) ?? null);
}

/** Channels by their number, of all `channels` parts. */
export type ChannelTable = ReadonlyMap<number, Channel>;

export function channelTableOf(parts: Iterable<Uint8Array>): ChannelTable {
  const table = new Map<number, Channel>();
  for (const bytes of parts) {
    const content = parseContextPart(bytes);
    if (content.kind !== 'channels') continue;
    for (const channel of content.channels) {
      if (table.has(channel.id)) throw refuse(`channel ${channel.id} twice`);
      table.set(channel.id, channel);
    }
  }
  return table;
}

function channelToCbor(channel: Channel): CborValue {
  const { id, device, name, code, outlet, unit, fn, address, words, type, order, scale, exponent, range } = channel;
  const { num, den, offset } = scale;
  return [
    ...[id, device, name, code, outlet, unit, fn, address, words, type, order],
    [num, den, offset.mantissa, offset.exponent],
    exponent,
    basisToCbor(channel.basis),
    range === null ? null : [range.low, range.high],
    DISCLOSURES[channel.disclosure],
  ];
}

function basisToCbor({ moisture, state, referenceDegC }: Basis): CborValue {
  if (referenceDegC === null) return [moisture, state, null];
  const decimal = parseDecimal(referenceDegC);
  if (decimal === null) throw refuse(`reference temperature ${referenceDegC}`);
  return [moisture, state, [decimal.mantissa, decimal.exponent]];
}

function toChannels(value: CborValue): Channel[] {
  return toArray(value, 'channels').map(toChannel);
}

const CHANNEL_MEMBERS = 16;

function toChannel(value: CborValue): Channel {
  const members = toArray(value, 'a channel', CHANNEL_MEMBERS);
  const [id, device, name, code, outlet, unit, fn, address, words, type, order, scale, exponent] = members;
  const [basis, range, disclosure] = members.slice(13);
  const unitText = toText(unit, 'unit');
  if (!isUnit(unitText)) throw refuse(`unit ${unitText}`);
  const disclosures = Object.keys(DISCLOSURES) as Disclosure[];
  return {
    id: toUint(id, 'channel id'),
    device: toText(device, 'device'),
    name: toText(name, 'name'),
    code: toText(code, 'code'),
    outlet: toText(outlet, 'outlet'),
    unit: unitText,
    fn: toUint(fn, 'fn'),
    address: toUint(address, 'address'),
    words: toUint(words, 'words'),
    type: oneOf(DATA_TYPES, type, 'type'),
    order: oneOf(WORD_ORDERS, order, 'order'),
    scale: toScaleOf(scale),
    exponent: toExponent(exponent),
    basis: toBasis(basis),
    range: toRange(range),
    disclosure: oneOf(disclosures, disclosures[toUint(disclosure, 'disclosure')], 'disclosure'),
  };
}

function toScaleOf(value: CborValue | undefined): Channel['scale'] {
  const [num, den, mantissa, exponent] = toArray(value, 'scale', 4);
  const offset: Decimal = { mantissa: toBigInt(mantissa, 'offset'), exponent: toExponent(exponent) };
  const scale = { num: toBigInt(num, 'num'), den: toBigInt(den, 'den'), offset };
  if (scale.den < 1n) throw refuse('den is below 1');
  return scale;
}

function toBasis(value: CborValue | undefined): Basis {
  const [moisture, state, reference] = toArray(value, 'basis', 3);
  return {
    moisture: oneOf(['dry', 'wet', 'none'] as const, moisture, 'moisture'),
    state: oneOf(['actual', 'standard', 'none'] as const, state, 'state'),
    referenceDegC: reference === null ? null : toReference(reference),
  };
}

function toReference(value: CborValue | undefined): number {
  const [mantissa, exponent] = toArray(value, 'reference temperature', 2);
  return Number(`${toInt(mantissa, 'mantissa')}e${toExponent(exponent)}`);
}

function toRange(value: CborValue | undefined): Channel['range'] {
  if (value === null) return null;
  const [low, high] = toArray(value, 'range', 2);
  return { low: toInt(low, 'low'), high: toInt(high, 'high') };
}

/** Beyond these bounds a power of ten would only cost the verifier memory. */
function toExponent(value: CborValue | undefined): number {
  const exponent = toInt(value, 'exponent');
  if (Math.abs(exponent) > 40) throw refuse(`exponent ${exponent}`);
  return exponent;
}
