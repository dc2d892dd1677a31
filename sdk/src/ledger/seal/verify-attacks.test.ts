/** What somebody with the key of the ledger could try, and what must not be called a crime. */
import { describe, expect, it } from 'vitest';
import { honestLedger, ItemWriter, suite, testSigner } from '../../../../test/support/item-writer.ts';
import { contextPartHash, resolveContext } from './context.ts';
import type { Item } from './item.ts';
import type { Report } from './report.ts';
import { isFork, LedgerVerifier } from './verify.ts';

const key = testSigner(1).publicKey;

function verify(items: readonly Item[]): Report {
  const verifier = new LedgerVerifier({ suite, key });
  for (const item of items) verifier.push(item);
  return verifier.finish();
}

const codes = (report: Report) => report.findings.map(({ code }) => code);

/** The same key, begun once more a minute later. */
function secondLedger(): ItemWriter {
  const writer = new ItemWriter();
  writer.wait(60_000);
  writer.begin().writeContext(honestLedger(0).channels);
  return writer.batches(6);
}

describe('entries of two ledgers under one key', () => {
  it('are no fork', () => {
    const [a, b] = [honestLedger(6), secondLedger()];
    const report = verify([...a.items, b.items[4]!]);
    expect(report.exitCode).toBe(1);
    expect(codes(report)).not.toContain('fork');
    expect(codes(report)).toContain('sequence-back');
  });

  it('are no fork at entry 0, which names its ledger by its own hash', () => {
    const [a, b] = [honestLedger(1), secondLedger()];
    expect(isFork(suite, a.items[0]!.entryBytes, b.items[0]!.entryBytes, key)).toBe(false);
  });
});

describe('a segment that begins before the last one ended', () => {
  it('does not hide a fork', () => {
    const writer = honestLedger(3);
    const header = writer.header();
    const other = honestLedger(3);
    writer.batches(4);
    other.wait(1);
    other.batches(4);
    const verifier = new LedgerVerifier({ suite, key });
    for (const item of writer.items) verifier.push(item);
    verifier.startSegment(header);
    for (const item of other.items.slice(header.firstSeq)) verifier.push(item);
    const report = verifier.finish();
    expect(codes(report)).toContain('fork');
    expect(report.size).toBe(writer.seq);
  });
});

describe('silence', () => {
  it('is not explained by a new context', () => {
    const writer = honestLedger(4);
    writer.wait(3_600_000);
    writer.writeContext(writer.channels);
    expect(codes(verify(writer.batches(3).items))).toEqual(['silence']);
  });

  it('is not explained by new contexts again and again', () => {
    const writer = honestLedger(4);
    for (let round = 0; round < 3; round += 1) {
      writer.wait(3_600_000);
      writer.writeContext(writer.channels);
      writer.batches(1);
    }
    expect(codes(verify(writer.items))).toContain('silence');
  });

  it('is not assumed where a new context polls less often, or does away with a device', () => {
    const writer = honestLedger(4);
    writer.writeContext(writer.channels);
    expect(verify(writer.batches(4, 60_000).items)).toMatchObject({ exitCode: 0, findings: [] });
  });

  it('is not explained by a stop after which the same start goes on, nor by a boot within it', () => {
    for (const event of ['stop', 'boot'] as const) {
      const writer = honestLedger(4);
      writer.event(event, { reason: 'pretended' });
      writer.wait(3_600_000);
      expect(codes(verify(writer.batches(3).items))).toContain('start-without-boot');
    }
  });
});

describe('hostile sizes', () => {
  it('a block of a million polls is verified', () => {
    const writer = honestLedger(1);
    const polls = 2 ** 18;
    const columns = [{ raw: new Array<number>(polls).fill(7), value: null, quality: 0 }];
    const offsetsMs = Array.from({ length: polls }, (_, poll) => poll % 5);
    writer.batch({
      seed: new Uint8Array(0),
      baseWallMs: writer.wallMs,
      blocks: [{ channels: [1], offsetsMs, columns }],
    });
    expect(verify(writer.items).readings).toBe(polls + 3);
  });

  it('a time beyond 2^53 is refused, because no encoding of it would be exact', () => {
    const writer = honestLedger(1);
    const columns = [{ raw: [7], value: null, quality: 0 }];
    const blocks = [{ channels: [1], offsetsMs: [2 ** 52], columns }];
    expect(() => writer.batch({ seed: new Uint8Array(0), baseWallMs: 2 ** 52 + 1, blocks })).toThrow('2^53');
  });

  it('a context body of more parts than are listed is refused before they are hashed', () => {
    const part = Uint8Array.of(0x80);
    const body = Uint8Array.of(0x82, 0x41, 0x80, 0x41, 0x80);
    expect(() => resolveContext(suite, [contextPartHash(suite, part)], body, [])).toThrow('more parts');
  });
});

describe('entry 0', () => {
  it('creates the ledger and names no context, or is malformed or manipulated', () => {
    const { coseKey } = key;
    const writer = new ItemWriter();
    writer.add({ kind: 'key', prefix: writer.prefix(), op: 7, coseKey, proof: new Uint8Array(0) });
    expect(verify(writer.items).exitCode).toBe(4);
    const named = new ItemWriter();
    const prefix = { ...named.prefix(), ctx: new Uint8Array(32).fill(1) };
    named.add({ kind: 'key', prefix, op: 0, coseKey, proof: new Uint8Array(0) });
    const verifier = new LedgerVerifier({ suite, key });
    verifier.startSegment({ ledger: new Uint8Array(8), firstSeq: 0, edge: [], coseKey, context: null });
    for (const item of named.items) verifier.push(item);
    expect(codes(verifier.finish())).toContain('context-wrong');
  });
});
