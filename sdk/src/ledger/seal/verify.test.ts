import { describe, expect, it } from 'vitest';
import {
  honestLedger,
  ItemWriter,
  suite,
  testBody,
  testChannel,
  testSigner,
} from '../../../../test/support/item-writer.ts';
import { encodeBatchBody } from './body.ts';
import { encodeCbor } from './cbor.ts';
import { encodePayload, entryLeafHash, peekEntry, sealEntry } from './entry.ts';
import type { Item } from './item.ts';
import { treeHead } from './merkle.ts';
import type { Report } from './report.ts';
import { isFork, LedgerVerifier, type VerifierOptions } from './verify.ts';

const key = testSigner(1).publicKey;

function verify(items: readonly Item[], options: Partial<VerifierOptions> = {}): Report {
  const verifier = new LedgerVerifier({ suite, key, ...options });
  for (const item of items) verifier.push(item);
  return verifier.finish();
}

function codes(report: Report): string[] {
  return [...new Set(report.findings.map(({ code }) => code))];
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at]! ^= 1;
  return copy;
}

describe('an honest ledger', () => {
  it('verifies, with nothing found and every reading counted', () => {
    const writer = honestLedger(200);
    const report = verify(writer.items);
    expect(report).toMatchObject({ verdict: 'verified', exitCode: 0, findings: [], size: 203, readings: 600 });
    expect(report.root).toBe(Buffer.from(writer.root).toString('hex'));
    expect(writer.root).toEqual(
      treeHead(
        suite,
        writer.items.map(({ entryBytes }) => entryLeafHash(suite, entryBytes)),
      ),
    );
  });

  it('is not authenticated without a key from outside', () => {
    expect(verify(honestLedger(5).items, { key: null })).toMatchObject({ verdict: 'unauthenticated', exitCode: 3 });
  });

  it('verifies after kill -9, whose boot event tells of it', () => {
    const writer = honestLedger(10);
    writer.wait(600_000);
    writer.start = 2;
    writer.monoMs = 5_000;
    writer.event('boot', { osBoot: 'second', cutBytes: 212, previousSeq: writer.seq - 1, clean: false });
    expect(verify(writer.batches(5).items)).toMatchObject({ exitCode: 0, findings: [] });
  });

  it('verifies from a segment header on when a signed event tells of the front', () => {
    const writer = honestLedger(20);
    const header = writer.header();
    const from = writer.seq;
    writer.batches(5).event('drop', { fromSeq: 0, toSeq: from - 1, reason: 'age' });
    const verifier = new LedgerVerifier({ suite, key });
    verifier.startSegment(header);
    for (const item of writer.items.slice(from)) verifier.push(item);
    expect(verifier.finish()).toMatchObject({ exitCode: 0, firstSeq: from, readings: 15 });
  });

  it('verifies a range when told that it is one, and not otherwise', () => {
    const writer = honestLedger(20);
    const header = writer.header();
    const from = writer.seq;
    writer.batches(5);
    for (const [range, exitCode] of [
      [true, 0],
      [false, 2],
    ] as const) {
      const verifier = new LedgerVerifier({ suite, key, range });
      verifier.startSegment(header);
      for (const item of writer.items.slice(from)) verifier.push(item);
      expect(verifier.finish().exitCode).toBe(exitCode);
    }
  });

  it('verifies across contexts, each bringing only its new parts', () => {
    const writer = honestLedger(3);
    const first = writer.channels;
    writer.writeContext(first, [{ kind: 'device', name: 'cems', value: { slope: '1.00', serial: 4711 } }]);
    expect(writer.items.at(-1)?.body?.length).toBeLessThan(60);
    writer.batches(2);
    writer.writeContext(first);
    expect(writer.items.at(-1)?.body).toBeNull();
    expect(verify(writer.batches(2).items)).toMatchObject({ exitCode: 0, findings: [] });
  });

  it('agrees with what a receipt says', () => {
    const writer = honestLedger(5);
    const heads = [{ size: writer.seq, root: writer.root }];
    expect(verify(writer.batches(3).items, { heads }).exitCode).toBe(0);
  });
});

describe('threats', () => {
  const items = honestLedger(30).items;

  it('1: a reading edited in the body', () => {
    for (const at of [-1, 5, 30]) {
      const edited = items.map((item, seq) => (seq === 20 ? { ...item, body: flipped(item.body!, at) } : item));
      const report = verify(edited);
      expect(report).toMatchObject({ exitCode: 1, findings: [{ code: 'readings-wrong', seq: 20 }] });
    }
  });

  it('2: time or sequence edited in the entry', () => {
    const time = encodeCbor(peekEntry(items[20]!.entryBytes).entry.prefix.wallMs);
    const at = Buffer.from(items[20]!.entryBytes).indexOf(time) + time.length - 1;
    const edited = items.map((item, seq) =>
      seq === 20 ? { ...item, entryBytes: flipped(item.entryBytes, at) } : item,
    );
    const report = verify(edited);
    expect(report.exitCode).toBe(1);
    expect(report.findings[0]).toMatchObject({ code: 'signature-wrong', seq: 20 });
  });

  it('3: a bad hour deleted', () => {
    const report = verify(items.toSpliced(10, 8));
    expect(report).toMatchObject({ exitCode: 2, findings: [{ code: 'sequence-hole', seq: 10 }] });
  });

  it('3: a bad hour deleted and the numbers closed up by somebody without the key', () => {
    const closed = new ItemWriter(testSigner(1)).begin();
    closed.items.push(...items.slice(2, 10), ...items.slice(12));
    expect(verify(closed.items).exitCode).toBe(2);
  });

  it('3: a bad hour re-signed away by the holder of the key, while the entries after it stay', () => {
    const cleaner = honestLedger(10);
    cleaner.wait(10_000);
    cleaner.batch(testBody(cleaner.channels, cleaner.wallMs - 1234));
    const mixed = [...items.slice(0, 13), ...cleaner.items.slice(13, 14), ...items.slice(14)];
    expect(verify(mixed)).toMatchObject({ exitCode: 1, findings: [{ code: 'root-wrong', seq: 14 }] });
  });

  it('4 and 7: two histories, both signed, are a fork', () => {
    const other = honestLedger(10);
    other.wait(10_000);
    const second = other.batch(testBody(other.channels, other.wallMs - 5000));
    expect(isFork(suite, items[13]!.entryBytes, second.entryBytes, key)).toBe(true);
    expect(isFork(suite, items[13]!.entryBytes, items[13]!.entryBytes, key)).toBe(false);
    expect(isFork(suite, items[13]!.entryBytes, items[14]!.entryBytes, key)).toBe(false);
    const both = [...items.slice(0, 14), second, ...items.slice(14)];
    expect(verify(both)).toMatchObject({ exitCode: 1, findings: [{ code: 'fork', seq: 13 }] });
  });

  it('5: two entries swapped', () => {
    const swapped = [...items];
    [swapped[10], swapped[11]] = [swapped[11]!, swapped[10]!];
    const report = verify(swapped);
    expect(report.exitCode).toBe(1);
    expect(codes(report)).toContain('sequence-back');
  });

  it('6: an old entry replayed', () => {
    expect(verify([...items, items[12]!])).toMatchObject({
      exitCode: 1,
      findings: [{ code: 'sequence-back', seq: 12 }],
    });
  });

  it('9: the newest part hidden from somebody who holds a receipt', () => {
    const writer = honestLedger(30);
    const heads = [{ size: writer.seq, root: writer.root }];
    expect(verify(items.slice(0, 20), { heads })).toMatchObject({ exitCode: 2, findings: [{ code: 'receipt-ahead' }] });
  });

  it('7: a history that disagrees with a receipt', () => {
    const heads = [{ size: 20, root: new Uint8Array(32) }];
    expect(verify(items, { heads })).toMatchObject({ exitCode: 1, findings: [{ code: 'receipt-wrong', seq: 19 }] });
  });

  it('10: the wall clock turned back without an event', () => {
    const writer = honestLedger(5);
    writer.wallMs -= 3_600_000;
    expect(verify(writer.batches(5).items)).toMatchObject({ exitCode: 5, findings: [{ code: 'clock-step', seq: 8 }] });
  });

  it('10: the wall clock turned back with its event is told, not found', () => {
    const writer = honestLedger(5);
    const beforeMs = writer.wallMs;
    writer.wallMs -= 3_600_000;
    writer.event('clockStep', { beforeMs, afterMs: writer.wallMs, monoMs: writer.monoMs });
    expect(verify(writer.batches(5).items)).toMatchObject({ exitCode: 0, findings: [] });
  });

  it('11: the wall clock slewed by more than a kernel slews', () => {
    const writer = honestLedger(0);
    for (let minute = 0; minute < 180; minute += 1) {
      writer.wallMs += 100;
      writer.batches(1, 60_000);
    }
    const report = verify(writer.items);
    expect(report.exitCode).toBe(5);
    expect(codes(report)).toEqual(['clock-drift']);
  });

  it('12: polling stopped for five minutes without an event', () => {
    const writer = honestLedger(10);
    writer.wait(300_000);
    expect(verify(writer.batches(5).items)).toMatchObject({ exitCode: 5, findings: [{ code: 'silence', seq: 13 }] });
  });

  it('12: a gap event explains the silence of the device that it names, and of no other', () => {
    for (const [device, exitCode] of [
      ['cems', 0],
      ['dust', 5],
    ] as const) {
      const writer = honestLedger(10);
      writer.wait(300_000);
      writer.event('gap', { cause: 'device', device, fromWallMs: writer.wallMs - 300_000, toWallMs: writer.wallMs });
      expect(verify(writer.batches(5).items).exitCode).toBe(exitCode);
    }
  });

  it('12: one device that falls silent for good while the other goes on', () => {
    const writer = new ItemWriter().begin();
    const [cems, dust] = [testChannel(1), testChannel(2, { device: 'dust' })];
    writer.writeContext([cems, dust]);
    for (let round = 0; round < 20; round += 1) {
      writer.wait(10_000);
      const body = testBody([cems], writer.wallMs);
      if (round < 10) body.blocks.push(...testBody([dust], writer.wallMs).blocks);
      writer.batch(body);
    }
    const report = verify(writer.items);
    expect(report).toMatchObject({ exitCode: 5, findings: [{ code: 'silence' }] });
    expect(report.findings[0]?.text).toContain('dust');
  });

  it('13: another context than the one in force', () => {
    const writer = honestLedger(5);
    writer.batch(undefined, { ctx: new Uint8Array(32).fill(9) });
    const report = verify(writer.items);
    expect(report.exitCode).toBe(1);
    expect(codes(report)).toContain('context-wrong');
  });

  it('13: a value that is not the scaling of its raw words', () => {
    const writer = honestLedger(5);
    writer.wait(10_000);
    const body = testBody(writer.channels, writer.wallMs);
    body.blocks[0]!.columns[1]!.value = [12345];
    writer.batch(body);
    const report = verify(writer.items);
    expect(report).toMatchObject({ exitCode: 5, findings: [{ code: 'value-differs', seq: 8 }] });
    expect(report.findings[0]?.text).toContain('channel 2');
  });

  it('13: a context whose parts were exchanged', () => {
    const forged = honestLedger(0, 4).items[2]!.body;
    const edited = items.map((item, seq) => (seq === 2 ? { ...item, body: forged } : item));
    const report = verify(edited);
    expect(report.exitCode).toBe(1);
    expect(report.findings[0]).toMatchObject({ code: 'readings-wrong', seq: 2 });
  });

  it('15: a ledger signed with another key', () => {
    const report = verify(honestLedger(3, 3, testSigner(2)).items);
    expect(report.exitCode).toBe(1);
    expect(codes(report)).toContain('other-key');
  });

  it('15: one entry signed with another key', () => {
    const entry = peekEntry(items[20]!.entryBytes).entry;
    const foreign = { ...items[20]!, entryBytes: sealEntry(entry, testSigner(2)) };
    const report = verify(items.toSpliced(20, 1, foreign));
    expect(report.exitCode).toBe(1);
    expect(report.findings[0]).toMatchObject({ code: 'other-key', seq: 20 });
  });

  it('16: the algorithm rewritten to another of the list', () => {
    const { entryBytes } = items[20]!;
    // d2 84 58 header: a3 01 32 (−19) → a3 01 28 (−9)
    const at = entryBytes.indexOf(0x32);
    const rewritten = entryBytes.slice();
    rewritten[at] = 0x28;
    const report = verify(items.toSpliced(20, 1, { ...items[20]!, entryBytes: rewritten }));
    expect(report.exitCode).toBe(1);
    expect(report.findings[0]).toMatchObject({ code: 'signature-wrong', seq: 20 });
  });

  it('17: the same content in another spelling is malformed, not evidence', () => {
    const { sign1 } = peekEntry(items[20]!.entryBytes);
    const withNote = [sign1.header, new Map([[99, 1]]), sign1.payload, sign1.signature];
    const spelled = [
      Uint8Array.from([0xd2, ...encodeCbor(withNote)]),
      Uint8Array.from([0xd8, 0x12, ...items[20]!.entryBytes.slice(1)]),
      Uint8Array.from([...items[20]!.entryBytes, 0]),
    ];
    for (const entryBytes of spelled) {
      const report = verify(items.toSpliced(20, 1, { ...items[20]!, entryBytes }));
      expect(report.exitCode).toBe(4);
      expect(codes(report)).toContain('entry-malformed');
      expect(isFork(suite, items[20]!.entryBytes, entryBytes, key)).toBe(false);
    }
  });

  it('21: the body of another batch attached', () => {
    const edited = items.toSpliced(20, 1, { ...items[20]!, body: items[21]!.body });
    expect(verify(edited)).toMatchObject({ exitCode: 1, findings: [{ code: 'readings-wrong', seq: 20 }] });
  });

  it('21: the body withheld', () => {
    const edited = items.toSpliced(20, 1, { ...items[20]!, body: null });
    expect(verify(edited)).toMatchObject({ exitCode: 2, findings: [{ code: 'body-missing', seq: 20 }] });
  });

  it('22: a batch of a cleaner plant injected', () => {
    const cleaner = honestLedger(30, 3, testSigner(2)).items[20]!;
    const report = verify(items.toSpliced(20, 1, cleaner));
    expect(report.exitCode).toBe(1);
    expect(codes(report)).toEqual(expect.arrayContaining(['other-key', 'other-ledger']));
  });

  it('23: a restart without its boot event', () => {
    const writer = honestLedger(5);
    writer.start = 2;
    expect(verify(writer.batches(2).items)).toMatchObject({
      exitCode: 5,
      findings: [{ code: 'start-without-boot', seq: 8 }],
    });
  });

  it('25: unsent entries rewritten where a hardware counter counts', () => {
    const writer = honestLedger(3);
    for (const hwctr of [7, 7, 8, 19]) {
      writer.hwctr = hwctr;
      writer.batches(1);
    }
    expect(verify(writer.items)).toMatchObject({ exitCode: 5, findings: [{ code: 'hardware-counter', seq: 9 }] });
  });

  it('35: evidence that comes with its own key', () => {
    const forged = honestLedger(5, 3, testSigner(3)).items;
    expect(verify(forged, { key: null }).exitCode).toBe(3);
    expect(verify(forged).exitCode).toBe(1);
  });

  it('36: anything at all in place of an item is a finding and never a crash', () => {
    for (const entryBytes of [
      new Uint8Array(0),
      Uint8Array.of(0xd2),
      encodePayload(peekEntry(items[5]!.entryBytes).entry),
    ]) {
      expect(
        verify([...items.slice(0, 5), { entryBytes, body: encodeBatchBody(testBody([testChannel(1)], 1)) }]).exitCode,
      ).toBe(4);
    }
  });
});

describe('precedence', () => {
  it('puts malformed before manipulated before incomplete before unauthenticated before findings', () => {
    const order = [4, 1, 2, 3, 5];
    const cases: ((verifier: LedgerVerifier) => void)[] = [
      (verifier) => verifier.note('entry-malformed', 1, {}, ''),
      (verifier) => verifier.note('fork', 1, {}, ''),
      (verifier) => verifier.damage(1, { file: 'a.seg', offset: 7 }, ''),
      () => {},
      (verifier) => verifier.note('silence', 1, {}, ''),
    ];
    for (let worst = 0; worst < order.length; worst += 1) {
      const verifier = new LedgerVerifier({ suite, key: worst <= 3 ? null : key });
      for (const item of honestLedger(1).items) verifier.push(item);
      for (const step of cases.slice(worst)) step(verifier);
      expect(verifier.finish().exitCode).toBe(order[worst]);
    }
  });

  it('does not take a torn tail for a fault', () => {
    const verifier = new LedgerVerifier({ suite, key });
    for (const item of honestLedger(1).items) verifier.push(item);
    verifier.tornTail(99);
    expect(verifier.finish()).toMatchObject({ exitCode: 0, tornBytes: 99 });
  });
});
