/**
 * COSE_Sign1 (RFC 9052 §4.2) in the one spelling of this format: tag 18, protected header {1: algorithm, 4: key id,
 * 16: media type}, an empty unprotected header, the payload within, 64 bytes of signature. Everything else is refused:
 * what could be written in two ways could be altered without breaking the signature.
 */
import { LimpidError } from '../../core/error.ts';
import { concatBytes, equalBytes, NO_BYTES } from './bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts';
import { ED25519, ESP256, KEY_ID_BYTES } from './keys.ts';
import type { Algorithm, PublicKey, Signer, Suite } from './suite.ts';

export const ENTRY_TYPE = 'application/limpid-entry+cbor';
export const SIGNATURE_BYTES = 64;

/** the byte of tag 18, and that of an array of four */
const TAG_SIGN1 = 0xd2;

export interface Sign1 {
  algorithm: Algorithm;
  keyId: Uint8Array;
  /** the encoded header, as signed */
  header: Uint8Array;
  payload: Uint8Array;
  signature: Uint8Array;
}

export function encodeSign1(payload: Uint8Array, signer: Signer): Uint8Array {
  const header = headerOf(signer.publicKey);
  const signature = signer.sign(signedBytes(header, payload));
  if (signature.length !== SIGNATURE_BYTES) throw refused(`a signature of ${signature.length} bytes`);
  return concatBytes(Uint8Array.of(TAG_SIGN1), encodeCbor([header, new Map(), payload, signature]));
}

/** Form only; who signed is `verifySign1`'s question. Throws ENTRY_MALFORMED. */
export function parseSign1(bytes: Uint8Array): Sign1 {
  if (bytes[0] !== TAG_SIGN1) throw refused('no COSE_Sign1 (tag 18)');
  const parts = decodeCborOrRefuse(bytes.subarray(1), 'COSE_Sign1');
  if (!Array.isArray(parts) || parts.length !== 4) throw refused('COSE_Sign1 has four parts');
  const [header, unprotected, payload, signature] = parts;
  if (!(unprotected instanceof Map) || unprotected.size !== 0) throw refused('the unprotected header is not empty');
  if (!(header instanceof Uint8Array) || !(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) {
    throw refused('header, payload and signature are byte strings');
  }
  if (signature.length !== SIGNATURE_BYTES) throw refused(`a signature of ${signature.length} bytes`);
  return { ...parseHeader(header), header, payload, signature };
}

/** Whether this key signed it: its algorithm, its id, its signature. */
export function verifySign1(suite: Suite, sign1: Sign1, key: PublicKey): boolean {
  return namesKey(sign1, key) && suite.verify(key, signedBytes(sign1.header, sign1.payload), sign1.signature);
}

/** The same, answered by another thread where the suite has one. */
export async function verifySign1Beside(suite: Suite, sign1: Sign1, key: PublicKey): Promise<boolean> {
  if (suite.verifyBeside === undefined) return verifySign1(suite, sign1, key);
  return namesKey(sign1, key) && suite.verifyBeside(key, signedBytes(sign1.header, sign1.payload), sign1.signature);
}

/** Whether its header says that this key signed it: the claim alone. */
export function namesKey(sign1: Pick<Sign1, 'algorithm' | 'keyId'>, key: PublicKey): boolean {
  return sign1.algorithm === key.algorithm && equalBytes(sign1.keyId, key.keyId);
}

/** The header is the same for every entry of a key. */
const headers = new WeakMap<PublicKey, Uint8Array>();

function headerOf(key: PublicKey): Uint8Array {
  const known = headers.get(key);
  if (known !== undefined) return known;
  const header = encodeHeader(key);
  headers.set(key, header);
  return header;
}

function encodeHeader(key: PublicKey): Uint8Array {
  const members: [number, CborValue][] = [
    [1, key.algorithm],
    [4, key.keyId],
    [16, ENTRY_TYPE],
  ];
  return encodeCbor(new Map(members));
}

function parseHeader(bytes: Uint8Array): { algorithm: Algorithm; keyId: Uint8Array } {
  const header = decodeCborOrRefuse(bytes, 'protected header');
  if (!(header instanceof Map) || header.size !== 3) throw refused('the protected header has the labels 1, 4 and 16');
  const algorithm = header.get(1);
  const keyId = header.get(4);
  if (algorithm !== ED25519 && algorithm !== ESP256) throw refused(`algorithm ${String(algorithm)}`);
  if (!(keyId instanceof Uint8Array) || keyId.length !== KEY_ID_BYTES) throw refused('the key id has 8 bytes');
  if (header.get(16) !== ENTRY_TYPE) throw refused(`another type than ${ENTRY_TYPE}`);
  return { algorithm, keyId };
}

/** Sig_structure (RFC 9052 §4.4) without external data. */
function signedBytes(header: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', header, NO_BYTES, payload]);
}

/** CBOR faults keep their code and offset as the cause. */
export function decodeCborOrRefuse(bytes: Uint8Array, what: string): CborValue {
  try {
    return decodeCbor(bytes);
  } catch (cause) {
    if (!(cause instanceof LimpidError)) throw cause;
    throw new LimpidError('ENTRY_MALFORMED', { detail: `${what}: ${cause.message}` }, { cause });
  }
}

function refused(detail: string): LimpidError {
  return new LimpidError('ENTRY_MALFORMED', { detail });
}
