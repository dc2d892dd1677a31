import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f32, suite, testBody, testChannel, testSigner } from '../../../../test/support/item-writer.ts';
import { isLimpidError } from '../../core/error.ts';
import type { Raw } from '../../core/reading.ts';
import {
  batchCommitment,
  differingValues,
  encodeBatchBody,
  encodeReadingLeaf,
  parseBatchBody,
  READINGS_LIMIT,
  readingCount,
  readingsOf,
  withoutDerivedValues,
} from './body.ts';
import { type CborValue, encodeCbor } from './cbor.ts';
import { sealEntry } from './entry.ts';
import type { BatchBlock, BatchBody } from './entry-types.ts';
import { encodeFigureLeaf, encodeFiguresBody, type Figure, figuresCommitment, parseFiguresBody } from './figure.ts';
import { encodeItem } from './item.ts';
import { leafHash, treeHead } from './merkle.ts';
import { saltsOf } from './salt.ts';

const malformed = expect.objectContaining({ code: 'ENTRY_MALFORMED' });

const raws: fc.Arbitrary<Raw> = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 0xffffffff }) },
  fc.integer({ min: 0, max: 300 }),
  fc.maxSafeNat(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.constant(null),
  fc.uint8Array({ minLength: 10, maxLength: 12 }),
);
const mantissas = fc.oneof(fc.maxSafeInteger(), fc.constant(null), fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }));

function blocks(kind: fc.Arbitrary<Raw>): fc.Arbitrary<BatchBlock> {
  return fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 })).chain(([polls, columns]) =>
    fc.record({
      channels: fc.oneof(
        fc.nat(1000).map((first) => Array.from({ length: columns }, (_, at) => first + at)),
        fc.array(fc.nat(1000), { minLength: columns, maxLength: columns }),
      ),
      offsetsMs: fc.array(fc.nat(600_000), { minLength: polls, maxLength: polls }),
      columns: fc.array(
        fc.record({
          raw: fc.oneof(
            fc.array(kind, { minLength: polls, maxLength: polls }),
            kind.map((raw) => new Array<Raw>(polls).fill(raw)),
          ),
          value: fc.option(fc.array(mantissas, { minLength: polls, maxLength: polls })),
          quality: fc.oneof(fc.nat(16), fc.array(fc.nat(16), { minLength: polls, maxLength: polls })),
        }),
        { minLength: columns, maxLength: columns },
      ),
    }),
  );
}

function bodies(kind: fc.Arbitrary<Raw>): fc.Arbitrary<BatchBody> {
  return fc.record({
    seed: fc.constantFrom(new Uint8Array(0), new Uint8Array(16).fill(3)),
    baseWallMs: fc.maxSafeNat().map((ms) => ms % 4_000_000_000_000),
    blocks: fc.array(blocks(kind), { maxLength: 3 }),
  });
}

describe('batch bodies', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(bodies(raws), (body) => {
        expect(parseBatchBody(encodeBatchBody(body))).toEqual(body);
      }),
      { numRuns: 500 },
    );
  });

  it('commit to the leaves in the order block, poll, channel, each as deterministic CBOR', () => {
    fc.assert(
      fc.property(
        bodies(raws.filter((raw) => raw === null || typeof raw === 'number')),
        fc.nat(70_000),
        (body, seq) => {
          // a value is given everywhere, so that any raw will do
          for (const block of body.blocks) {
            for (const column of block.columns) column.value ??= block.offsetsMs.map(() => null);
          }
          const channels = new Map(body.blocks.flatMap((block) => block.channels).map((id) => [id, testChannel(id)]));
          const salts = saltsOf(suite, body.seed, readingCount(body));
          const leaves: Uint8Array[] = [];
          for (const { channels: ids, offsetsMs, columns } of body.blocks) {
            offsetsMs.forEach((offset, poll) => {
              ids.forEach((channel, at) => {
                const { raw, value, quality } = columns[at]!;
                const leaf = encodeReadingLeaf({
                  seq,
                  leaf: leaves.length,
                  channel,
                  wallMs: body.baseWallMs + offset,
                  raw: raw[poll]!,
                  value: value?.[poll] ?? null,
                  quality: typeof quality === 'number' ? quality : quality[poll]!,
                  salt: salts.slice(16 * leaves.length, 16 * leaves.length + 16),
                });
                leaves.push(leafHash(suite, leaf));
              });
            });
          }
          const commitment = batchCommitment(suite, seq, body, channels);
          expect(commitment).toEqual({ count: leaves.length, root: treeHead(suite, leaves) });
        },
      ),
    );
  });

  it('commit to wide words and long bytes as well', () => {
    const channel = testChannel(1, { type: 'u64', words: 4, exponent: 0 });
    const text = testChannel(2, { type: 'string', words: 150 });
    const long = new Uint8Array(300).fill(65);
    const body: BatchBody = {
      seed: new Uint8Array(0),
      baseWallMs: 1,
      blocks: [
        { channels: [1], offsetsMs: [0, 1], columns: [{ raw: [2n ** 63n - 1n, 5], value: null, quality: 0 }] },
        { channels: [2], offsetsMs: [0], columns: [{ raw: [long], value: null, quality: 0 }] },
      ],
    };
    const table = new Map([
      [1, channel],
      [2, text],
    ]);
    const salt = new Uint8Array(0);
    const leaves = [
      encodeCbor([9, 0, 1, 1, 2n ** 63n - 1n, 2n ** 63n - 1n, 0, salt]),
      encodeCbor([9, 1, 1, 2, 5, 5, 0, salt]),
      encodeCbor([9, 2, 2, 1, long, null, 0, salt]),
    ].map((leaf) => leafHash(suite, leaf));
    expect(batchCommitment(suite, 9, body, table).root).toEqual(treeHead(suite, leaves));
  });

  it('salt every leaf with its own block of the key stream', () => {
    const body = testBody([testChannel(1)], 1000, 3);
    const stream = suite.aes128Ctr(body.seed, 48);
    expect(saltsOf(suite, body.seed, 3)).toEqual(stream);
    const other = { ...body, seed: new Uint8Array(16).fill(8) };
    const table = new Map([[1, testChannel(1)]]);
    expect(batchCommitment(suite, 1, other, table).root).not.toEqual(batchCommitment(suite, 1, body, table).root);
  });

  it('lose their values where these are the scaling of raw, and keep their leaves', () => {
    const channels = new Map([1, 2].map((id) => [id, testChannel(id)]));
    const body = testBody([...channels.values()], 1000, 2);
    body.blocks[0]!.columns[0]!.raw = [f32(12.345), f32(1.005)];
    const given = structuredClone(body);
    given.blocks[0]!.columns[0]!.value = [1235, 100];
    given.blocks[0]!.columns[1]!.value = [1, 2];
    const compact = withoutDerivedValues(given, channels);
    // as float32, 12.345 lies above the tie and 1.005 below it
    expect(compact.blocks[0]!.columns.map(({ value }) => value)).toEqual([null, [1, 2]]);
    expect(differingValues(given, channels).map(([leaf, channel, signed]) => [leaf, channel, signed])).toEqual([
      [1, 2, 1],
      [3, 2, 2],
    ]);
    expect(batchCommitment(suite, 1, compact, channels)).toEqual(batchCommitment(suite, 1, given, channels));
  });

  it('give the readings back with both times', () => {
    const channels = [testChannel(1), testChannel(2)];
    const body = testBody(channels, 5_000, 2, 100);
    body.blocks[0]!.columns[1]!.raw = [null, f32(7)];
    body.blocks[0]!.columns[1]!.quality = [1, 0];
    const readings = readingsOf(parseBatchBody(encodeBatchBody(body)), channels, { wallMs: 6_000, monoMs: 900_000 });
    expect(readings.map(({ channel, wallMs, monoMs }) => [channel.id, wallMs, monoMs])).toEqual([
      [1, 5_000, 899_000],
      [2, 5_000, 899_000],
      [1, 5_100, 899_100],
      [2, 5_100, 899_100],
    ]);
    expect(readings[1]).toMatchObject({ raw: null, value: null, quality: 1 });
    expect(readings[3]).toMatchObject({ raw: f32(7), value: 700, quality: 0 });
  });

  it('are refused for channels that the context does not have and words that a channel cannot have', () => {
    const body = testBody([testChannel(1)], 1);
    expect(() => batchCommitment(suite, 1, body, new Map())).toThrowError(malformed);
    const narrow = new Map([[1, testChannel(1, { type: 'u16', words: 1 })]]);
    expect(() => batchCommitment(suite, 1, body, narrow)).toThrowError(malformed);
  });

  it('are refused when columns and polls do not fit, or too much unfolds from little', () => {
    const good: CborValue[] = [new Uint8Array(0), 1, [[1, [0, 5], 0, [7, Uint8Array.of(1, 2)]]]];
    expect(readingCount(parseBatchBody(encodeCbor(good)))).toBe(4);
    const many = Array.from({ length: 2000 }, () => 0);
    const wrong = [
      good.slice(0, 2),
      good.with(0, new Uint8Array(15)),
      good.with(2, [[1, [0, 5], 0, [Uint8Array.of(1, 2, 3)]]]),
      good.with(2, [[1, [0], 0, [new Uint8Array(9)]]]),
      good.with(2, [[1, [0, 5], 0, [[[1, 2, 3], null, 0]]]]),
      good.with(2, [[1, [0, 5], 0, [[[1, 2], [1], 0]]]]),
      good.with(2, [[1, [0, 5], 0, [[[1, 2], null, [0]]]]]),
      good.with(2, [[1, [0, 5], 0, [-1]]]),
      good.with(2, [[1, [], 0, [7]]]),
      good.with(2, [[1, [0], 0, []]]),
      good.with(2, [[[1, 2], [0], 0, [7]]]),
      good.with(2, [[0, many, 0, many]]),
    ];
    for (const body of wrong) expect(() => parseBatchBody(encodeCbor(body))).toThrowError(malformed);
    expect(2000 * 2000).toBeGreaterThan(READINGS_LIMIT);
  });

  it('never crash on any bytes', () => {
    const bytes = encodeBatchBody(testBody([testChannel(1), testChannel(2)], 1000, 3));
    const inputs = fc
      .tuple(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 4 }))
      .map(([at, wedge]) => Uint8Array.from([...bytes.slice(0, at), ...wedge, ...bytes.slice(at + wedge.length)]));
    const channels = new Map([1, 2].map((id) => [id, testChannel(id)]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), inputs), (input) => {
        try {
          batchCommitment(suite, 1, parseBatchBody(input), channels);
        } catch (fault) {
          if (!isLimpidError(fault, 'ENTRY_MALFORMED')) throw fault;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['10 s', '10 s', 1, 10_000, 19],
    ['10 s', '60 s', 6, 10_000, 9],
    ['2.5 s', '10 s', 4, 2_500, 9],
    ['2.5 s', '60 s', 24, 2_500, 7],
  ])('of 30 channels polled each %s in batches of %s cost no more bytes per signed reading than they may', (...row) => {
    const [, , polls, stepMs, limit] = row;
    const channels = Array.from({ length: 30 }, (_, at) => testChannel(at + 1));
    const body = testBody(channels, 1_795_406_400_000, polls, stepMs);
    const hash = new Uint8Array(32);
    const { count, root } = batchCommitment(suite, 3_000_000, body, new Map(channels.map((one) => [one.id, one])));
    const clock = { state: 2, errorMs: 12, source: 2 } as const;
    const times = { wallMs: 1_795_406_460_000, monoMs: 9_999_999_999 };
    const prefix = {
      ledger: hash.slice(24),
      seq: 3_000_000,
      root: hash,
      ctx: hash,
      start: 99,
      hwctr: null,
      ...times,
      clock,
    };
    const entryBytes = sealEntry({ kind: 'batch', prefix, count, readingsRoot: root }, testSigner(1));
    const item = encodeItem({ entryBytes, body: encodeBatchBody(body) });
    expect(item.length / count).toBeLessThanOrEqual(limit);
  });
});

describe('figures', () => {
  const figure: Figure = {
    outlet: 'DA001',
    code: 'a21026',
    period: 2,
    startMs: 1_795_406_400_000,
    lengthMin: 60,
    stats: new Map([
      [1, { mantissa: 3512n, exponent: -2 }],
      [4, null],
    ]),
    counts: new Map([
      [0, 1200],
      [1, 3],
    ]),
    valid: true,
    mark: 'N',
    method: 1,
    ruleSet: new Uint8Array(32).fill(1),
    params: new Uint8Array(32).fill(2),
    from: [[100, 459]],
    supersedes: [80, 3],
  };
  const body = { seed: new Uint8Array(16).fill(5), figures: [figure, { ...figure, supersedes: null, valid: false }] };

  it('come back as they were', () => {
    expect(parseFiguresBody(encodeFiguresBody(body))).toEqual(body);
  });

  it('commit to their salted leaves', () => {
    const salts = saltsOf(suite, body.seed, 2);
    const leaves = body.figures.map((one, at) =>
      leafHash(suite, encodeFigureLeaf(7, at, one, salts.slice(16 * at, 16 * at + 16))),
    );
    expect(figuresCommitment(suite, 7, body)).toEqual({ count: 2, root: treeHead(suite, leaves) });
  });

  it('are refused with a member missing', () => {
    const cut = encodeCbor([body.seed, [['DA001', 'a21026']]]);
    expect(() => parseFiguresBody(cut)).toThrowError(malformed);
  });
});
