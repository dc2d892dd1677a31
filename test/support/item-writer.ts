import { createPrivateKey } from 'node:crypto';
import type { Channel } from '@limpid/sdk/core';
import {
  type BatchBody,
  batchCommitment,
  type ContextContent,
  channelTableOf,
  contextPartHash,
  type Detail,
  type Entry,
  EVENT_CODES,
  type EventName,
  encodeBatchBody,
  encodeContextBody,
  encodeContextPart,
  entryLeafHash,
  type Item,
  ledgerIdOf,
  type Prefix,
  RightEdge,
  type SegmentContext,
  type SegmentHeader,
  type Signer,
  sealEntry,
} from '@limpid/sdk/ledger/seal';
import { createNodeSigner, createNodeSuite } from '../../sdk/src/ledger/store/node-suite.ts';

export const suite = createNodeSuite();

/** An Ed25519 key whose secret is one byte 32 times. Never for anything but tests. */
export function testSigner(byte: number): Signer {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]);
  return createNodeSigner(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/** A float channel of a gas analyser. */
export function testChannel(id: number, changes: Partial<Channel> = {}): Channel {
  return {
    id,
    device: 'cems',
    name: `so2-${id}`,
    code: 'a21026',
    outlet: 'DA001',
    unit: 'mg/m3',
    fn: 3,
    address: 2 * id,
    words: 2,
    type: 'f32',
    order: 'ABCD',
    scale: { num: 1n, den: 1n, offset: { mantissa: 0n, exponent: 0 } },
    exponent: -2,
    basis: { moisture: 'dry', state: 'standard', referenceDegC: 0 },
    range: { low: 0, high: 50000 },
    disclosure: 'public',
    ...changes,
  };
}

/** The two registers of a float32 as one integer. */
export function f32(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0);
}

/** `polls` polls, `stepMs` apart, of channels that all belong to one device. */
export function testBody(channels: readonly Channel[], firstWallMs: number, polls = 1, stepMs = 10_000): BatchBody {
  return {
    seed: new Uint8Array(16).fill(7),
    baseWallMs: firstWallMs,
    blocks: [
      {
        channels: channels.map(({ id }) => id),
        offsetsMs: Array.from({ length: polls }, (_, poll) => poll * stepMs),
        columns: channels.map(({ id }) => ({
          raw: Array.from({ length: polls }, (_, poll) => f32(35 + id + Math.sin(firstWallMs / 1e5 + poll) * 3)),
          value: null,
          quality: 0,
        })),
      },
    ],
  };
}

/** Writes the items of a ledger in memory, honestly, except for what a test asks of it. */
export class ItemWriter {
  readonly items: Item[] = [];
  readonly signer: Signer;
  ledger: Uint8Array = new Uint8Array(8);
  wallMs = Date.UTC(2026, 10, 23, 4);
  monoMs = 1_000_000;
  start = 1;
  hwctr: number | null = null;
  context: SegmentContext | null = null;
  channels: Channel[] = [];
  #edge = new RightEdge(suite);

  constructor(signer = testSigner(1)) {
    this.signer = signer;
  }

  get seq(): number {
    return this.#edge.size;
  }

  get root(): Uint8Array {
    return this.#edge.root();
  }

  wait(ms: number): void {
    this.wallMs += ms;
    this.monoMs += ms;
  }

  header(): SegmentHeader {
    const { ledger, seq: firstSeq, context } = this;
    return { ledger, firstSeq, edge: [...this.#edge.hashes()], coseKey: this.signer.publicKey.coseKey, context };
  }

  prefix(): Prefix {
    return {
      ledger: this.ledger,
      seq: this.seq,
      root: this.root,
      ctx: this.context === null ? new Uint8Array(32) : entryLeafHash(suite, this.context.entryBytes),
      start: this.start,
      hwctr: this.hwctr,
      wallMs: this.wallMs,
      monoMs: this.monoMs,
      clock: { state: 2, errorMs: 10, source: 2 },
    };
  }

  add(entry: Entry, body: Uint8Array | null = null, signer = this.signer): Item {
    const item = { entryBytes: sealEntry(entry, signer), body };
    this.#edge.append(entryLeafHash(suite, item.entryBytes));
    this.items.push(item);
    return item;
  }

  /** Entry 0 and the boot event. */
  begin(): this {
    const { coseKey } = this.signer.publicKey;
    const zero = this.add({ kind: 'key', prefix: this.prefix(), op: 0, coseKey, proof: new Uint8Array(0) });
    this.ledger = ledgerIdOf(suite, zero.entryBytes);
    this.event('boot', { osBoot: 'test', cutBytes: 0, previousSeq: null, clean: true });
    return this;
  }

  event(name: EventName, detail: Detail): Item {
    return this.add({ kind: 'event', prefix: this.prefix(), code: EVENT_CODES[name], detail });
  }

  writeContext(channels: Channel[], others: ContextContent[] = []): Item {
    const contents: ContextContent[] = [{ kind: 'channels', name: '', channels }, ...others];
    const parts = contents.map((content) => encodeContextPart(content).bytes);
    const known = new Set(this.context?.parts.map((part) => Buffer.from(part).toString('hex')) ?? []);
    const body = encodeContextBody(parts.filter((part) => !known.has(Buffer.from(part).toString('hex'))));
    const hashes = parts.map((part) => contextPartHash(suite, part));
    const item = this.add({ kind: 'context', prefix: this.prefix(), parts: hashes }, body);
    this.context = { entryBytes: item.entryBytes, parts };
    this.channels = channels;
    return item;
  }

  /** The entry for a body, and the body. `changes` go into the signed prefix. */
  batch(
    body = testBody(this.channels, this.wallMs),
    changes: Partial<Prefix> = {},
    bodyBytes = encodeBatchBody(body),
  ): Item {
    const table = channelTableOf(this.context?.parts ?? []);
    const { count, root } = batchCommitment(suite, changes.seq ?? this.seq, body, table);
    const prefix = { ...this.prefix(), ...changes };
    return this.add({ kind: 'batch', prefix, count, readingsRoot: root }, bodyBytes);
  }

  /** One batch of one poll every `stepMs`. */
  batches(count: number, stepMs = 10_000): this {
    for (let index = 0; index < count; index += 1) {
      this.wait(stepMs);
      this.batch();
    }
    return this;
  }
}

/** begin, a context of `channels` channels, and that many batches */
export function honestLedger(batches: number, channels = 3, signer = testSigner(1)): ItemWriter {
  const writer = new ItemWriter(signer).begin();
  writer.writeContext(Array.from({ length: channels }, (_, at) => testChannel(at + 1)));
  return writer.batches(batches);
}
