import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { suite, testSigner } from '../../../../test/support/item-writer.ts';
import { createNodeSigner, publicKeyFromPem, publicKeyOf, publicKeyToPem } from '../store/node-suite.ts';
import { encodeCbor } from './cbor.ts';
import { ED25519, ESP256, isSmallOrder, publicKeyFromCoseKey, publicKeyFromSpki } from './keys.ts';

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ed = generateKeyPairSync('ed25519');
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const message = new TextEncoder().encode('message');

describe('public keys', () => {
  it.each([
    ['Ed25519', ed, ED25519],
    ['P-256', ec, ESP256],
  ] as const)('of %s are the same from SPKI, COSE_Key and PEM', (_, pair, algorithm) => {
    const key = publicKeyOf(pair.publicKey);
    expect(key.algorithm).toBe(algorithm);
    expect(key.keyId).toEqual(suite.sha256(key.spki).slice(0, 8));
    expect(publicKeyFromCoseKey(suite, key.coseKey)).toEqual(key);
    expect(publicKeyFromSpki(suite, key.spki)).toEqual(key);
    expect(publicKeyFromPem(publicKeyToPem(key))).toEqual(key);
  });

  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey],
    ['X25519', generateKeyPairSync('x25519').publicKey],
  ])('of other kinds are refused: %s', (_, key) => {
    expect(() => publicKeyOf(key)).toThrowError(expect.objectContaining({ code: 'KEY_UNREADABLE' }));
  });

  it('are refused with members that this format does not write', () => {
    const x = new Uint8Array(32).fill(9);
    const wrong = [
      [
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, x],
      ],
      [
        [1, 1],
        [-1, 6],
        [-2, x],
      ],
      [
        [1, 1],
        [2, Uint8Array.of(1)],
        [3, -19],
        [-1, 6],
        [-2, x],
      ],
      [
        [1, 1],
        [3, -19],
        [-1, 6],
        [-2, x.slice(1)],
      ],
      [
        [1, 2],
        [3, -9],
        [-1, 2],
        [-2, x],
        [-3, x],
      ],
    ] as const;
    for (const members of wrong) {
      const bytes = encodeCbor(new Map(members.map(([label, value]) => [label, value])));
      expect(() => publicKeyFromCoseKey(suite, bytes)).toThrowError(
        expect.objectContaining({ code: 'KEY_UNREADABLE' }),
      );
    }
  });

  it('of small order are refused in every spelling, and sign nothing', () => {
    const orders = ['00', '01', 'ec', 'ed', 'ee'].map((first) =>
      Buffer.from(first.padEnd(64, first < '10' ? '0' : 'f'), 'hex'),
    );
    for (const point of orders) {
      for (const top of [0x00, 0x7f, 0x80, 0xff]) {
        const x = Uint8Array.from(point);
        x[31] = point[1] === 0 ? top & 0x80 : top | 0x7f;
        expect(isSmallOrder(x)).toBe(true);
        const spki = Uint8Array.from([...Buffer.from('302a300506032b6570032100', 'hex'), ...x]);
        expect(() => publicKeyFromSpki(suite, spki)).toThrowError(expect.objectContaining({ code: 'KEY_WEAK' }));
        const key = { algorithm: ED25519, coseKey: x, spki, keyId: x.slice(0, 8) };
        const forged = new Uint8Array(64);
        forged[0] = 1;
        expect(suite.verify(key, message, forged)).toBe(false);
      }
    }
    expect(isSmallOrder(testSigner(1).publicKey.spki.slice(-32))).toBe(false);
  });
});

describe('signatures', () => {
  it('of ESP256 with high s are refused, although the curve allows them', () => {
    const signer = createNodeSigner(ec.privateKey);
    for (let round = 0; round < 16; round += 1) {
      const raw = new Uint8Array(sign('sha256', message, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }));
      const other = raw.slice();
      const s = BigInt(`0x${Buffer.from(raw.slice(32)).toString('hex')}`);
      other.set(Buffer.from((P256_ORDER - s).toString(16).padStart(64, '0'), 'hex'), 32);
      const verdicts = [raw, other].map((signature) => suite.verify(signer.publicKey, message, signature));
      expect(verdicts.toSorted()).toEqual([false, true]);
      expect(suite.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
    }
  });

  it('of another length or algorithm are wrong and do not throw', () => {
    const key = publicKeyOf(ed.publicKey);
    expect(suite.verify(key, message, new Uint8Array(63))).toBe(false);
    expect(suite.verify({ ...key, algorithm: ESP256 }, message, new Uint8Array(64))).toBe(false);
    const offCurve = { ...publicKeyOf(ec.publicKey) };
    offCurve.spki = offCurve.spki.with(40, offCurve.spki[40]! ^ 1);
    expect(suite.verify(offCurve, message, new Uint8Array(64).fill(1))).toBe(false);
  });

  it('hash and salt as the standards say', () => {
    expect(Buffer.from(suite.sha256(new TextEncoder().encode('abc'))).toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    const target = new Uint8Array(40);
    suite.sha256Into(new TextEncoder().encode('abc'), target, 4);
    expect(target.slice(4, 36)).toEqual(suite.sha256(new TextEncoder().encode('abc')));
    // NIST: AES-128 of the zero block under the zero key
    expect(Buffer.from(suite.aes128Ctr(new Uint8Array(16), 20)).toString('hex')).toMatch(
      /^66e94bd4ef8a2c3b884cfa59ca342b2e/,
    );
  });
});
