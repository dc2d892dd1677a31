/**
 * The readings of one batch. Only their leaves are committed, so this encoding is free to change; it is made small,
 * because at one poll per batch it is all that a reading costs beside its share of the entry.
 *
 * batch-body = [seed: bstr, base: uint, [+ block]]      base = ms UTC of the first poll
 * block  = [chs: uint / [+ uint],                       channels: the first of a run of numbers, or a list
 *           dts: [+ uint],                              ms after base of each poll, by the monotonic clock
 *           q: uint,                                    quality of every reading that says no other
 *           cols: [+ column]]                           one per channel
 * column = raws / [raws-or-list, val, q]                alone: values are the scaling of raw, quality is the block's
 * raws   = uint / null                                  every poll has this raw
 *        / bstr                                         polls × w bytes, each raw in w bytes (1..8), highest first
 * raws-or-list = raws / [+ (uint / bstr / null)]
 * val    = null / [+ (int / null)]                      null: every value is the context's scaling of raw
 * q      = uint / [+ uint]
 *
 * reading-leaf = [seq, leaf, ch, t, raw, val, q, salt]  in the order block, poll, channel; leaf counts from 0
 */
import { QUALITY_NAMES, type Quality } from '../../core/quality.ts';
import type { Channel, Mantissa, Raw, Reading } from '../../core/reading.ts';
import { type CborValue, encodeCbor } from './cbor.ts';
import type { ChannelTable } from './context.ts';
import { decodeCborOrRefuse } from './cose.ts';
import type { BatchBlock, BatchBody, BatchColumn, Prefix } from './entry-types.ts';
import { refuse, toArray, toBytes, toUint } from './fields.ts';
import { LeafWriter } from './leaf-writer.ts';
import { packRaws, unpackRaws } from './raw-column.ts';
import { SALT_BYTES, SEED_BYTES, saltsOf } from './salt.ts';
import type { Suite } from './suite.ts';
import { valueOfRaw } from './value.ts';

/** A constant column takes one byte for any number of polls: this bounds what a small body can unfold to. */
export const READINGS_LIMIT = 1 << 20;
const LEAF_MEMBERS = 8;

/** ENTRY_MALFORMED when columns and polls do not fit together. */
export function encodeBatchBody(body: BatchBody): Uint8Array {
  assertShape(body);
  return encodeCbor([body.seed, body.baseWallMs, body.blocks.map(blockToCbor)]);
}

function blockToCbor(block: BatchBlock): CborValue {
  const quality = usualQuality(block.columns);
  return [
    isRun(block.channels) ? block.channels[0]! : block.channels,
    block.offsetsMs,
    quality,
    block.columns.map((column) => columnToCbor(column, quality)),
  ];
}

function isRun(channels: readonly number[]): boolean {
  return channels.every((channel, at) => channel === channels[0]! + at);
}

/** That of the first column which has one only: when a device is in calibration, all its channels are. */
function usualQuality(columns: readonly BatchColumn[]): number {
  for (const { quality } of columns) if (typeof quality === 'number') return quality;
  return 0;
}

function columnToCbor({ raw, value, quality }: BatchColumn, usual: number): CborValue {
  const raws = packRaws(raw);
  const alone = value === null && quality === usual && !Array.isArray(raws);
  return alone ? raws : [raws, value, quality];
}

/** ENTRY_MALFORMED */
export function parseBatchBody(bytes: Uint8Array): BatchBody {
  const [seed, base, blocks] = toArray(decodeCborOrRefuse(bytes, 'body of a batch'), 'the body of a batch', 3);
  let readings = 0;
  const body = {
    seed: toBytes(seed, 'seed'),
    baseWallMs: toUint(base, 'base'),
    blocks: toArray(blocks, 'blocks').map((value) => {
      const [chs, dts, quality, cols] = toArray(value, 'a block', 4);
      const offsetsMs = toUints(dts, 'dts');
      const columns = toArray(cols, 'cols');
      readings += offsetsMs.length * columns.length;
      if (readings > READINGS_LIMIT) throw refuse(`more than ${READINGS_LIMIT} readings`);
      const usual = toUint(quality, 'q');
      return {
        channels: toChannelNumbers(chs, columns.length),
        offsetsMs,
        columns: columns.map((column) => toColumn(column, offsetsMs.length, usual)),
      };
    }),
  };
  assertShape(body);
  return body;
}

function toUints(value: CborValue | undefined, what: string): number[] {
  return toArray(value, what).map((element) => toUint(element, what));
}

function toChannelNumbers(value: CborValue | undefined, columns: number): number[] {
  if (typeof value !== 'number') return toUints(value, 'chs');
  const first = toUint(value, 'chs');
  return Array.from({ length: columns }, (_, at) => first + at);
}

function toColumn(value: CborValue, polls: number, usual: number): BatchColumn {
  if (!Array.isArray(value)) return { raw: unpackRaws(value, polls), value: null, quality: usual };
  const [raws, values, quality] = toArray(value, 'a column', 3);
  return {
    raw: unpackRaws(raws, polls),
    value: values === null ? null : toArray(values, 'val').map(toMantissa),
    quality: Array.isArray(quality) ? toUints(quality, 'q') : toUint(quality, 'q'),
  };
}

function toMantissa(value: CborValue): Mantissa {
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value;
  throw refuse('a value that is no integer');
}

function assertShape(body: BatchBody): void {
  if (body.seed.length !== 0 && body.seed.length !== SEED_BYTES) throw refuse(`a seed of ${body.seed.length} bytes`);
  for (const { channels, offsetsMs, columns } of body.blocks) {
    if (offsetsMs.length === 0 || columns.length === 0) throw refuse('an empty block');
    if (!offsetsMs.every((ms) => Number.isSafeInteger(body.baseWallMs + ms))) throw refuse('a time beyond 2^53 ms');
    if (channels.length !== columns.length) throw refuse(`${channels.length} channels, ${columns.length} columns`);
    for (const { raw, value, quality } of columns) {
      const lengths = [raw.length, value?.length, Array.isArray(quality) ? quality.length : undefined];
      if (lengths.some((length) => length !== undefined && length !== offsetsMs.length)) {
        throw refuse(`a column that has not one element for each of ${offsetsMs.length} polls`);
      }
    }
  }
}

export function readingCount(body: BatchBody): number {
  return body.blocks.reduce((sum, block) => sum + block.offsetsMs.length * block.columns.length, 0);
}

/**
 * What a batch entry says of its body: how many readings, and the head of the tree over their leaves. ENTRY_MALFORMED
 * for a channel that the context does not have and for raw words that the channel cannot have.
 */
export function batchCommitment(
  suite: Pick<Suite, 'sha256Into' | 'aes128Ctr'>,
  seq: number,
  body: BatchBody,
  channels: ChannelTable,
): { count: number; root: Uint8Array } {
  const count = readingCount(body);
  const salts = saltsOf(suite, body.seed, count);
  const writer = new LeafWriter(suite, count);
  for (const block of body.blocks) {
    const table = block.channels.map((id) => channelOf(channels, id));
    for (let poll = 0; poll < block.offsetsMs.length; poll += 1) {
      const wallMs = body.baseWallMs + block.offsetsMs[poll]!;
      for (let at = 0; at < table.length; at += 1) {
        writeLeaf(writer, { seq, wallMs, channel: table[at]!, column: block.columns[at]!, poll, salts });
      }
    }
  }
  return { count, root: writer.root() };
}

interface LeafPlace {
  seq: number;
  wallMs: number;
  channel: Channel;
  column: BatchColumn;
  poll: number;
  salts: Uint8Array;
}

function writeLeaf(writer: LeafWriter, { seq, wallMs, channel, column, poll, salts }: LeafPlace): void {
  const leaf = writer.count;
  const raw = column.raw[poll]!;
  const value = valueAt(channel, column, poll);
  writer.array(LEAF_MEMBERS);
  writer.uint(seq);
  writer.uint(leaf);
  writer.uint(channel.id);
  writer.uint(wallMs);
  if (raw === null) writer.null();
  else if (raw instanceof Uint8Array) writer.bytes(raw);
  else writer.integer(raw);
  if (value === null) writer.null();
  else writer.integer(value);
  writer.uint(qualityAt(column, poll));
  if (salts.length === 0) writer.bytes(salts);
  else writer.bytes(salts, SALT_BYTES * leaf, SALT_BYTES);
  writer.end();
}

/** The leaf of one reading, to be shown without its neighbours. Its hash is the leaf hash of these bytes. */
export function encodeReadingLeaf(leaf: {
  seq: number;
  leaf: number;
  channel: number;
  wallMs: number;
  raw: Raw;
  value: Mantissa;
  quality: number;
  salt: Uint8Array;
}): Uint8Array {
  const { seq, leaf: index, channel, wallMs, raw, value, quality, salt } = leaf;
  return encodeCbor([seq, index, channel, wallMs, raw, value, quality, salt]);
}

function valueAt(channel: Channel, column: BatchColumn, poll: number): Mantissa {
  return column.value === null ? scaledValue(channel, column.raw[poll]!) : column.value[poll]!;
}

function scaledValue(channel: Channel, raw: Raw): Mantissa {
  try {
    return valueOfRaw(channel, raw);
  } catch (cause) {
    throw refuse(`channel ${channel.id} cannot have the raw words ${String(raw)}`, cause);
  }
}

function qualityAt(column: BatchColumn, poll: number): number {
  return typeof column.quality === 'number' ? column.quality : column.quality[poll]!;
}

function channelOf(channels: ChannelTable, id: number): Channel {
  const channel = channels.get(id);
  if (channel === undefined) throw refuse(`channel ${id} is not in the context`);
  return channel;
}

/** The same body without values that are the context's scaling of raw; the leaves stay the same. */
export function withoutDerivedValues(body: BatchBody, channels: ChannelTable): BatchBody {
  const blocks = body.blocks.map((block) => ({
    ...block,
    columns: block.columns.map((column, at) => {
      const { raw, value } = column;
      const channel = channelOf(channels, block.channels[at]!);
      const derived = value?.every((mantissa, poll) => mantissa === scaledValue(channel, raw[poll]!)) ?? true;
      return derived ? { ...column, value: null } : column;
    }),
  }));
  return { ...body, blocks };
}

/** Values that are not what the context makes of their raw words: [leaf, channel id, signed value, scaled value]. */
export function differingValues(body: BatchBody, channels: ChannelTable): [number, number, Mantissa, Mantissa][] {
  const found: [number, number, Mantissa, Mantissa][] = [];
  let first = 0;
  for (const { channels: ids, offsetsMs, columns } of body.blocks) {
    columns.forEach(({ raw, value }, at) => {
      value?.forEach((mantissa, poll) => {
        const scaled = scaledValue(channelOf(channels, ids[at]!), raw[poll]!);
        if (mantissa !== scaled) found.push([first + poll * columns.length + at, ids[at]!, mantissa, scaled]);
      });
    });
    first += offsetsMs.length * columns.length;
  }
  return found;
}

/**
 * The readings in the order of their leaves. `prefix` is that of the batch's entry: it ties wall time to the monotonic
 * clock, by which the offsets were measured.
 */
export function readingsOf(
  body: BatchBody,
  channels: Iterable<Channel>,
  prefix: Pick<Prefix, 'wallMs' | 'monoMs'>,
): Reading[] {
  const table = new Map(Array.from(channels, (channel) => [channel.id, channel]));
  const readings: Reading[] = [];
  for (const block of body.blocks) {
    const inBlock = block.channels.map((id) => channelOf(table, id));
    block.offsetsMs.forEach((offsetMs, poll) => {
      const wallMs = body.baseWallMs + offsetMs;
      const monoMs = prefix.monoMs - (prefix.wallMs - wallMs);
      inBlock.forEach((channel, at) => {
        const column = block.columns[at]!;
        const quality = toQuality(qualityAt(column, poll));
        readings.push({
          channel,
          wallMs,
          monoMs,
          raw: column.raw[poll]!,
          value: valueAt(channel, column, poll),
          quality,
        });
      });
    });
  }
  return readings;
}

function toQuality(value: number): Quality {
  if (!isQuality(value)) throw refuse(`quality ${value}`);
  return value;
}

/** The list of core has no holes. */
function isQuality(value: number): value is Quality {
  return value < QUALITY_NAMES.length;
}
