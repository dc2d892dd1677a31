import { formatDecimal } from '../../core/decimal.ts';
import { qualityName } from '../../core/quality.ts';
import type { Channel, Reading } from '../../core/reading.ts';
import { showUnit } from '../../core/unit.ts';
import { parseBatchBody, readingsOf } from '../../ledger/seal/body.ts';
import { equalBytes } from '../../ledger/seal/bytes.ts';
import type { LedgerItem, LedgerReader } from '../../ledger/store/contract.ts';
import { liveTopic } from './topics.ts';

/**
 * Newest values for people and dashboards: plain JSON per channel, retained. It follows the ledger like everything
 * else, so nothing is shown that is not sealed; but it shows only the newest and is no evidence, and says so.
 */
export interface LiveLaneOptions {
  ledger: LedgerReader;
  prefix: string;
}

export interface LiveMessage {
  topic: string;
  payload: string;
}

/** When it is this many entries behind, it goes on with the newest. */
const SKIP_ENTRIES = 64;

export async function runLiveLane(
  options: LiveLaneOptions,
  publish: (message: LiveMessage) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = options;
  let next = Math.max(ledger.firstSeq(), ledger.size() - SKIP_ENTRIES);
  const newest = new Map<string, LiveMessage>();
  const channelsOf = rememberChannels(ledger);
  while (!signal.aborted) {
    for await (const item of ledger.items(next, { follow: true, signal })) {
      next = Math.max(item.seq + 1, ledger.size() - SKIP_ENTRIES);
      for (const message of await liveMessages(options, item, channelsOf)) newest.set(message.topic, message);
      if (next > item.seq + 1) break;
      if (next < ledger.size()) continue; // something newer may replace it
      for (const message of newest.values()) await publish(message);
      newest.clear();
    }
  }
}

type ChannelsOf = (item: LedgerItem) => Promise<readonly Channel[]>;

/** The ledger walks a segment to find a context: it is asked again only when an entry names another one. */
function rememberChannels(ledger: LedgerReader): ChannelsOf {
  let context = new Uint8Array(0);
  let channels: readonly Channel[] = [];
  return async ({ seq, entry }) => {
    if (equalBytes(entry.prefix.ctx, context)) return channels;
    channels = await ledger.channelsAt(seq);
    context = entry.prefix.ctx.slice();
    return channels;
  };
}

/** One message per channel of a batch: its newest reading. */
async function liveMessages(
  options: LiveLaneOptions,
  item: LedgerItem,
  channelsOf: ChannelsOf,
): Promise<LiveMessage[]> {
  if (item.entry.kind !== 'batch' || item.body === null) return [];
  const channels = await channelsOf(item);
  const newest = new Map<number, Reading>();
  for (const reading of readingsOf(parseBatchBody(item.body), channels, item.entry.prefix)) {
    const before = newest.get(reading.channel.id);
    if (before === undefined || reading.wallMs >= before.wallMs) newest.set(reading.channel.id, reading);
  }
  return [...newest.values()].map((reading) => ({
    topic: liveTopic(options.prefix, options.ledger.id, reading.channel),
    payload: JSON.stringify(toLive(reading, item.seq)),
  }));
}

/** `value` for dashboards, `text` with every digit. Both null where the reading says nothing. */
function toLive(reading: Reading, seq: number): Record<string, unknown> {
  const { channel, value, quality, wallMs } = reading;
  const text = value === null ? null : formatDecimal(value, channel.exponent);
  return {
    time: new Date(wallMs).toISOString(),
    value: text === null ? null : Number(text),
    text,
    unit: showUnit(channel.unit),
    quality: qualityName(quality),
    device: channel.device,
    channel: channel.name,
    code: channel.code,
    outlet: channel.outlet,
    seq,
    evidence: false,
  };
}
