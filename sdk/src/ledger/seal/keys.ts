/**
 * Public keys in their two spellings: COSE_Key (RFC 9052 §7, RFC 9053 §7) in the ledger, SubjectPublicKeyInfo in PEM
 * files. Two kinds only: Ed25519 and P-256.
 */
import { isLimpidError, LimpidError } from '../../core/error.ts';
import { concatBytes, equalBytes, fromHex } from './bytes.ts';
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from './cbor.ts';
import type { Algorithm, PublicKey, Suite } from './suite.ts';

export const ED25519: Algorithm = -19;
export const ESP256: Algorithm = -9;
export const KEY_ID_BYTES = 8;

// labels and values of COSE_Key
const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;
const OKP = 1;
const EC2 = 2;
const CRV_ED25519 = 6;
const CRV_P256 = 1;

const ED25519_SPKI = hex('302a300506032b6570032100');
/** up to and with the 04 of an uncompressed point */
const P256_SPKI = hex('3059301306072a8648ce3d020106082a8648ce3d03010703420004');

/** From DER; KEY_UNREADABLE for other kinds, KEY_WEAK for an Ed25519 key of small order. */
export function publicKeyFromSpki(suite: Pick<Suite, 'sha256'>, spki: Uint8Array): PublicKey {
  if (spki.length === ED25519_SPKI.length + 32 && startsWith(spki, ED25519_SPKI)) {
    return ed25519Key(suite, spki.slice(ED25519_SPKI.length));
  }
  if (spki.length === P256_SPKI.length + 64 && startsWith(spki, P256_SPKI)) {
    return p256Key(suite, spki.slice(-64, -32), spki.slice(-32));
  }
  throw unusable('neither an Ed25519 nor an uncompressed P-256 key');
}

/** From a deterministic COSE_Key with exactly the members that this format writes. */
export function publicKeyFromCoseKey(suite: Pick<Suite, 'sha256'>, coseKey: Uint8Array): PublicKey {
  const map = decodeCbor(coseKey);
  if (!(map instanceof Map)) throw unusable('a COSE_Key is a map');
  const key = keyFromMap(suite, map);
  if (!equalBytes(key.coseKey, coseKey)) throw unusable('members that this format does not write');
  return key;
}

/** The same; null for what is no usable key. */
export function publicKeyOrNull(suite: Pick<Suite, 'sha256'>, coseKey: Uint8Array): PublicKey | null {
  try {
    return publicKeyFromCoseKey(suite, coseKey);
  } catch (fault) {
    if (isLimpidError(fault)) return null;
    throw fault;
  }
}

function keyFromMap(suite: Pick<Suite, 'sha256'>, map: CborMap): PublicKey {
  if (map.get(KTY) === OKP && map.get(CRV) === CRV_ED25519) return ed25519Key(suite, coordinate(map.get(X)));
  if (map.get(KTY) === EC2 && map.get(CRV) === CRV_P256) {
    return p256Key(suite, coordinate(map.get(X)), coordinate(map.get(Y)));
  }
  throw unusable('neither Ed25519 nor P-256');
}

function coordinate(value: CborValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== 32) throw unusable('a coordinate that has not 32 bytes');
  return value;
}

function ed25519Key(suite: Pick<Suite, 'sha256'>, x: Uint8Array): PublicKey {
  if (isSmallOrder(x)) throw new LimpidError('KEY_WEAK', { file: 'the key' });
  const members: [number, CborValue][] = [
    [KTY, OKP],
    [ALG, ED25519],
    [CRV, CRV_ED25519],
    [X, x],
  ];
  return keyOf(suite, ED25519, new Map(members), concatBytes(ED25519_SPKI, x));
}

function p256Key(suite: Pick<Suite, 'sha256'>, x: Uint8Array, y: Uint8Array): PublicKey {
  const members: [number, CborValue][] = [
    [KTY, EC2],
    [ALG, ESP256],
    [CRV, CRV_P256],
    [X, x],
    [Y, y],
  ];
  return keyOf(suite, ESP256, new Map(members), concatBytes(P256_SPKI, x, y));
}

function keyOf(suite: Pick<Suite, 'sha256'>, algorithm: Algorithm, map: CborMap, spki: Uint8Array): PublicKey {
  return { algorithm, coseKey: encodeCbor(map), spki, keyId: suite.sha256(spki).slice(0, KEY_ID_BYTES) };
}

/** The 32 bytes of an Ed25519 key. */
export function ed25519Point(key: PublicKey): Uint8Array {
  return key.spki.slice(ED25519_SPKI.length);
}

/**
 * Under a key of small order anybody can make signatures that some libraries accept (OpenSSL 3.0 does). These are the
 * y coordinates of the points of order 1, 2, 4 and 8 and their encodings that are not reduced; the sign bit is free.
 */
const SMALL_ORDER_Y = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(hex);

export function isSmallOrder(x: Uint8Array): boolean {
  const y = x.slice();
  y[31]! &= 0x7f;
  return SMALL_ORDER_Y.some((point) => equalBytes(point, y));
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, prefix.length), prefix);
}

function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === null) throw new RangeError(text);
  return bytes;
}

function unusable(detail: string): LimpidError {
  return new LimpidError('KEY_UNREADABLE', { file: 'the key', detail });
}
