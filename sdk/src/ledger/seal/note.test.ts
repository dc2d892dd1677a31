import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suite, testSigner } from '../../../../test/support/item-writer.ts';
import { isLimpidError } from '../../core/error.ts';
import { createNodeSigner } from '../store/node-suite.ts';
import { fromBase64 } from './bytes.ts';
import { publicKeyFromSpki } from './keys.ts';
import {
  ledgerOrigin,
  noteKeyText,
  openCheckpoint,
  openReceipt,
  signCheckpoint,
  signReceipt,
  splitNote,
} from './note.ts';

const collector = testSigner(5);
const stranger = testSigner(6);
const origin = ledgerOrigin('0102030405060708');
const receipt = { origin, size: 4711, root: new Uint8Array(32).fill(3), timeS: 1_795_406_400 };
const note = signReceipt(suite, receipt, 'collector.example/1', collector);
const keys = [collector.publicKey];
const refused = expect.objectContaining({ code: 'NOTE_MALFORMED' });

describe('receipts', () => {
  it('say who holds what since when', () => {
    expect(origin).toBe('limpid/1/0102030405060708');
    expect(openReceipt(suite, note, [stranger.publicKey, ...keys], origin)).toEqual({
      ...receipt,
      name: 'collector.example/1',
      key: collector.publicKey,
    });
  });

  it('are spelled as C2SP says', () => {
    const [first, size, root, blank, line, end] = note.split('\n');
    expect([first, size, blank, end]).toEqual([origin, '4711', '', '']);
    expect(fromBase64(root!)).toEqual(receipt.root);
    expect(line).toMatch(/^— collector\.example\/1 [A-Za-z0-9+/]+=*$/);
    expect(fromBase64(line!.split(' ')[2]!)?.length).toBe(4 + 8 + 64);
  });

  it.each([
    ['another ledger', note, keys, 'limpid/1/ffffffffffffffff'],
    ['a key that is not listed', note, [stranger.publicKey], origin],
    ['no keys', note, [], origin],
    ['a larger size', note.replace('4711', '4712'), keys, origin],
    ['a leading zero', note.replace('4711', '04711'), keys, origin],
    ['an extension line', note.replace('\n\n', '\nmore\n\n'), keys, origin],
    ['another name on the same signature', note.replace('collector.example/1', 'other.example/1'), keys, origin],
    ['a control character', note.replace('\n\n', '\r\n\n'), keys, origin],
    ['no signature', note.slice(0, note.indexOf('—')), keys, origin],
    ['a missing last newline', note.slice(0, -1), keys, origin],
    ['nothing', '', keys, origin],
  ])('are refused for %s', (_, text, listed, about) => {
    expect(() => openReceipt(suite, text, listed, about)).toThrowError(refused);
  });

  it('are refused when time or signature were altered', () => {
    const line = note.split('\n')[4]!;
    const bytes = fromBase64(line.split(' ')[2]!)!;
    for (const at of [4, 11, 12, 75]) {
      const altered = bytes.slice();
      altered[at]! ^= 1;
      const text = note.replace(line, `— collector.example/1 ${Buffer.from(altered).toString('base64')}`);
      expect(() => openReceipt(suite, text, keys, origin)).toThrowError(refused);
    }
  });

  it('do not stand for checkpoints, nor checkpoints for receipts', () => {
    const checkpoint = signCheckpoint(suite, receipt, 'collector.example/1', collector);
    expect(openCheckpoint(suite, checkpoint, keys, origin)).toEqual({ origin, size: 4711, root: receipt.root });
    expect(() => openReceipt(suite, checkpoint, keys, origin)).toThrowError(refused);
    expect(() => openCheckpoint(suite, note, keys, origin)).toThrowError(refused);
  });

  it('cannot be signed with P-256 or with a name that breaks the line', () => {
    const p256 = createNodeSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    expect(() => signReceipt(suite, receipt, 'a', p256)).toThrowError(refused);
    for (const name of ['', 'a b', 'a+b', 'a\nb']) {
      expect(() => signReceipt(suite, receipt, name, collector)).toThrowError(refused);
    }
  });

  it('never crash on any text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.nat(note.length), fc.string()).map(([at, text]) => note.slice(0, at) + text + note.slice(at + 1)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(openReceipt(suite, text, keys, origin).size).toBe(4711);
        } catch (fault) {
          if (!isLimpidError(fault, 'NOTE_MALFORMED')) throw fault;
        }
      }),
    );
  });
});

describe('the printed example of the note format', () => {
  // golang.org/x/mod/sumdb/note, example in its documentation
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const printed = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
  const point = fromBase64(vkey.split('+').slice(2).join('+'))!.slice(1);
  const key = publicKeyFromSpki(suite, Uint8Array.from([...Buffer.from('302a300506032b6570032100', 'hex'), ...point]));

  it('has the key id that we compute', () => {
    expect(noteKeyText(suite, 'PeterNeumann', key, 'checkpoint')).toBe(vkey);
  });

  it('verifies', () => {
    const parts = splitNote(printed);
    expect(parts.text).toBe(text);
    expect(suite.verify(key, new TextEncoder().encode(parts.text), parts.lines[0]!.signature)).toBe(true);
  });
});
