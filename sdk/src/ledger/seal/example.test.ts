import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { f32, ItemWriter, suite, testChannel } from '../../../../test/support/item-writer.ts';
import { batchCommitment, encodeReadingLeaf, parseBatchBody } from './body.ts';
import { channelTableOf } from './context.ts';
import { entryLeafHash, peekEntry } from './entry.ts';
import { encodeItem } from './item.ts';
import { encodeSegmentHeader } from './segment.ts';

const README = new URL('../README.md', import.meta.url);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Hex in lines that fit the page. */
function lines(bytes: Uint8Array): string {
  return hex(bytes).replace(/.{116}(?=.)/g, '$&\n');
}

function example(): string {
  const writer = new ItemWriter().begin();
  writer.writeContext([testChannel(1, { name: 'so2', exponent: -1 })]);
  writer.wait(10_000);
  writer.batch({
    seed: new Uint8Array(16).fill(7),
    baseWallMs: writer.wallMs,
    blocks: [{ channels: [1], offsetsMs: [0], columns: [{ raw: [f32(35.25)], value: null, quality: 0 }] }],
  });
  const header = encodeSegmentHeader({
    ledger: writer.ledger,
    firstSeq: 0,
    edge: [],
    coseKey: writer.signer.publicKey.coseKey,
    context: null,
  });
  const [zero, boot, context, batch] = writer.items.map((item) => ({ ...item, bytes: encodeItem(item) }));
  const leaf = encodeReadingLeaf({
    seq: 3,
    leaf: 0,
    channel: 1,
    wallMs: writer.wallMs,
    raw: f32(35.25),
    value: 352,
    quality: 0,
    salt: suite.aes128Ctr(new Uint8Array(16).fill(7), 16),
  });
  const table = channelTableOf(writer.context!.parts);
  const { root } = batchCommitment(suite, 3, parseBatchBody(batch!.body!), table);
  expect(suite.sha256(Uint8Array.of(0, ...leaf))).toEqual(root);
  return [
    '```',
    `public key (SPKI)       ${hex(writer.signer.publicKey.spki)}`,
    `ledger                  ${hex(writer.ledger)}`,
    ...writer.items.map(
      ({ entryBytes }, seq) => `leaf hash of entry ${seq}    ${hex(entryLeafHash(suite, entryBytes))}`,
    ),
    `root in entry 3         ${hex(peekEntry(batch!.entryBytes).entry.prefix.root)}`,
    `root over entries 0..3  ${hex(writer.root)}`,
    `reading: 35.25 mg/m3 in registers 420d 0000, val 352 (half to even) at exponent -1; its leaf and the leaf's hash, which is rroot:`,
    hex(leaf),
    hex(root),
    '',
    'header',
    lines(header),
    'item 0: key event',
    lines(zero!.bytes),
    'item 1: boot event',
    lines(boot!.bytes),
    'item 2: context, whose body introduces one part',
    lines(context!.bytes),
    'item 3: batch',
    lines(batch!.bytes),
    '```',
  ].join('\n');
}

it('shows in the README the bytes that the code writes (UPDATE_EXAMPLE=1 writes them)', () => {
  const page = readFileSync(README, 'utf8');
  const [before, rest] = page.split('<!-- example -->\n');
  const [shown, after] = rest!.split('<!-- /example -->');
  if (process.env.UPDATE_EXAMPLE === '1') {
    writeFileSync(README, `${before}<!-- example -->\n${example()}\n<!-- /example -->${after}`);
  } else {
    expect(shown).toBe(`${example()}\n`);
  }
});
