import { generateKeyPairSync } from 'node:crypto';
import { openReceipt } from '@limpid/sdk/ledger/seal';
import { createNodeSigner, createNodeSuite } from '@limpid/sdk/ledger/store';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ReceiptBook } from './receipt-book.ts';

const suite = createNodeSuite();
const signer = createNodeSigner(generateKeyPairSync('ed25519').privateKey);
const ledger = '0123456789abcdef';
const holding = (size: number) => ({ size, root: new Uint8Array(32).fill(size) });

function rig() {
  const clock = new FakeClock();
  const book = new ReceiptBook({ ledger, clock, suite, signer, name: 'collector' });
  const open = (note: string | null) => openReceipt(suite, note ?? '', [signer.publicKey], `limpid/1/${ledger}`);
  return { clock, book, open };
}

describe('ReceiptBook', () => {
  it('signs for what is held, once', () => {
    const { book, open, clock } = rig();
    const first = book.grow(holding(3), true);
    expect(open(first)).toMatchObject({ ...holding(3), timeS: Math.floor(clock.wallMs() / 1000), name: 'collector' });
    expect(book.grow(holding(3), true)).toBeNull();
    expect(book.newest).toBe(first);
  });

  it('signs for nothing only when it asks for the first entry', () => {
    const { book, open } = rig();
    expect(book.grow(holding(0), true)).toBeNull();
    expect(open(book.ask(holding(0))).size).toBe(0);
  });

  it('covers many entries by one receipt while they keep coming', async () => {
    const { book, clock, open } = rig();
    book.grow(holding(1), false);
    expect(book.grow(holding(2), false)).toBeNull();
    await clock.advance(200);
    expect(open(book.grow(holding(9), false)).size).toBe(9);
  });

  it('asks with a note that is newer than any before, also within one second, but not all the time', async () => {
    const { book, clock, open } = rig();
    const grown = open(book.grow(holding(5), true));
    const asked = open(book.ask(holding(5)));
    expect(asked.timeS).toBeGreaterThan(grown.timeS);
    expect(book.ask(holding(5))).toBeNull();
    await clock.advance(1_000);
    expect(open(book.ask(holding(5))).timeS).toBeGreaterThan(asked.timeS);
  });

  it('never signs an earlier time than before, whatever the clock does', () => {
    const { book, clock, open } = rig();
    const first = open(book.grow(holding(1), true));
    clock.wall -= 3_600_000;
    expect(open(book.grow(holding(2), true)).timeS).toBeGreaterThanOrEqual(first.timeS);
  });

  it('signs later than a note of an earlier run, though the clock was set back since', () => {
    const { book, open, clock } = rig();
    const aheadS = Math.floor(clock.wallMs() / 1000) + 3_600;
    expect(book.hear('note', aheadS, holding(0))).toBeNull();
    expect(open(book.ask(holding(0))).timeS).toBeGreaterThan(aheadS);
    expect(open(book.grow(holding(2), true)).timeS).toBeGreaterThan(aheadS);
  });

  it('signs again when it hears too late of a note that is later than its own', () => {
    const { book, open, clock } = rig();
    const aheadS = Math.floor(clock.wallMs() / 1000) + 3_600;
    const given = book.ask(holding(4));
    expect(book.hear(given ?? '', open(given).timeS, holding(4))).toBeNull();
    expect(open(book.hear('note', aheadS, holding(4)))).toMatchObject({ ...holding(4), timeS: aheadS + 1 });
    expect(book.hear('note', aheadS, holding(4))).toBeNull();
  });
});
