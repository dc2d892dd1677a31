/**
 * C2SP signed notes: a text, a blank line, signature lines `— name base64(key id ‖ signature)`. Two kinds are used:
 * a checkpoint signed by the ledger's own key (type 01), and a receipt, which is a checkpoint cosigned with the time by
 * somebody else's key (type 04, tlog-cosignature): "I durably hold this ledger up to this size". Both with Ed25519.
 *
 * text = origin ‖ LF ‖ size ‖ LF ‖ base64(root) ‖ LF        the origin of a ledger is limpid/1/<ledger id, 16 hex>
 */
import { LimpidError } from '../../core/error.ts';
import { concatBytes, equalBytes, fromBase64, toBase64, toHex } from './bytes.ts';
import { ED25519, ed25519Point } from './keys.ts';
import { HASH_BYTES } from './merkle.ts';
import type { PublicKey, Signer, Suite } from './suite.ts';

const TYPE_ED25519 = 0x01;
const TYPE_COSIGNATURE = 0x04;
/** more signature lines are not looked at, so that a note cannot cost without end */
const MOST_SIGNATURES = 64;
const LONGEST_NOTE = 64 * 1024;

export interface Checkpoint {
  origin: string;
  size: number;
  root: Uint8Array;
}

export interface Receipt extends Checkpoint {
  /** seconds since 1970 UTC, as its signer says */
  timeS: number;
}

export interface OpenedReceipt extends Receipt {
  /** who signed, as the note calls him */
  name: string;
  key: PublicKey;
}

export function ledgerOrigin(ledger: string): string {
  return `limpid/1/${ledger}`;
}

/** The ledger's own word on its head. */
export function signCheckpoint(suite: HashOnly, checkpoint: Checkpoint, name: string, signer: Signer): string {
  const text = checkpointText(checkpoint);
  return noteOf(text, name, keyIdOf(suite, name, TYPE_ED25519, signer.publicKey), signer.sign(utf8(text)));
}

/** That `signer` durably holds the ledger up to `size`. */
export function signReceipt(suite: HashOnly, receipt: Receipt, name: string, signer: Signer): string {
  const text = checkpointText(receipt);
  if (!Number.isSafeInteger(receipt.timeS) || receipt.timeS < 0) throw refused(`time ${receipt.timeS}`);
  const keyId = keyIdOf(suite, name, TYPE_COSIGNATURE, signer.publicKey);
  const signature = signer.sign(cosignedBytes(text, receipt.timeS));
  return noteOf(text, name, keyId, concatBytes(timeBytes(receipt.timeS), signature));
}

/** A checkpoint of `origin` that one of the keys signed. Throws NOTE_MALFORMED. */
export function openCheckpoint(suite: Suite, note: string, keys: readonly PublicKey[], origin: string): Checkpoint {
  const { text, lines } = splitNote(note);
  const checkpoint = parseCheckpointText(text, origin);
  findSigner(suite, lines, keys, TYPE_ED25519, (key, signature) => suite.verify(key, utf8(text), signature));
  return checkpoint;
}

/** A receipt for `origin` that one of the keys signed. Throws NOTE_MALFORMED. */
export function openReceipt(suite: Suite, note: string, keys: readonly PublicKey[], origin: string): OpenedReceipt {
  const { text, lines } = splitNote(note);
  const checkpoint = parseCheckpointText(text, origin);
  const { line, key } = findSigner(suite, lines, keys, TYPE_COSIGNATURE, (candidate, stamped) =>
    verifyStamped(suite, candidate, text, stamped),
  );
  return { ...checkpoint, timeS: timeOf(line.signature), name: line.name, key };
}

/** The keys are as C2SP writes them: name+key id+base64(type ‖ key). For tools that speak C2SP; no command prints it. */
export function noteKeyText(suite: HashOnly, name: string, key: PublicKey, kind: 'checkpoint' | 'receipt'): string {
  const type = kind === 'checkpoint' ? TYPE_ED25519 : TYPE_COSIGNATURE;
  const spelled = concatBytes(Uint8Array.of(type), ed25519Point(key));
  return `${name}+${toHex(keyIdOf(suite, name, type, key))}+${toBase64(spelled)}`;
}

type HashOnly = Pick<Suite, 'sha256'>;

interface SignatureLine {
  name: string;
  keyId: Uint8Array;
  signature: Uint8Array;
}

function checkpointText({ origin, size, root }: Checkpoint): string {
  if (!Number.isSafeInteger(size) || size < 0 || root.length !== HASH_BYTES) throw refused('size or root');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: C2SP forbids them in notes
  if (origin === '' || /[\u0000-\u001f]/.test(origin)) throw refused(`origin "${origin}"`);
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

function noteOf(text: string, name: string, keyId: Uint8Array, signature: Uint8Array): string {
  return `${text}\n— ${name} ${toBase64(concatBytes(keyId, signature))}\n`;
}

function keyIdOf(suite: HashOnly, name: string, type: number, key: PublicKey): Uint8Array {
  if (key.algorithm !== ED25519) throw refused('notes are signed with Ed25519 only');
  if (!NAME.test(name)) throw refused(`key name "${name}"`);
  return suite.sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(type), ed25519Point(key))).slice(0, 4);
}

const NAME = /^[^\s+]+$/u;

/** Text and signatures are parted by the last blank line. */
export function splitNote(note: string): { text: string; lines: SignatureLine[] } {
  if (note.length > LONGEST_NOTE) throw refused('it is too long');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: C2SP forbids them in notes
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) throw refused('a control character');
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) throw refused('no signature');
  const lines = note.slice(cut + 2, -1).split('\n');
  if (lines.length > MOST_SIGNATURES) throw refused('too many signatures');
  return { text: note.slice(0, cut + 1), lines: lines.map(parseLine) };
}

function parseLine(line: string): SignatureLine {
  const match = /^— ([^\s+]+) (\S+)$/u.exec(line);
  const bytes = match === null ? null : fromBase64(match[2]!);
  if (match === null || bytes === null || bytes.length < 5) throw refused('a signature line of another form');
  return { name: match[1]!, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

function parseCheckpointText(text: string, origin: string): Checkpoint {
  const [first, sizeText = '', rootText = '', ...rest] = text.split('\n');
  if (first !== origin) throw refused(`it is about "${first}", not "${origin}"`);
  const size = Number(sizeText);
  if (!/^(0|[1-9]\d{0,15})$/.test(sizeText) || !Number.isSafeInteger(size)) throw refused(`size "${sizeText}"`);
  const root = fromBase64(rootText);
  if (root?.length !== HASH_BYTES) throw refused('the root is not 32 bytes of base64');
  // extension lines would be signed but not understood
  if (rest.length !== 1 || rest[0] !== '') throw refused('lines after the root');
  return { origin, size, root };
}

/**
 * Lines of unknown keys are passed over. A line that bears a known key's id and does not verify spoils the note
 * (signed-note: "clients SHOULD reject the whole note").
 */
function findSigner(
  suite: HashOnly,
  lines: readonly SignatureLine[],
  keys: readonly PublicKey[],
  type: number,
  isGood: (key: PublicKey, signature: Uint8Array) => boolean,
): { line: SignatureLine; key: PublicKey } {
  let found: { line: SignatureLine; key: PublicKey } | undefined;
  for (const line of lines) {
    for (const key of keys) {
      if (key.algorithm !== ED25519 || !equalBytes(line.keyId, keyIdOf(suite, line.name, type, key))) continue;
      if (!isGood(key, line.signature)) throw refused(`the signature of ${line.name} is wrong`);
      found ??= { line, key };
    }
  }
  if (found === undefined) throw refused('no key that is trusted here has signed it');
  return found;
}

function verifyStamped(suite: Suite, key: PublicKey, text: string, stamped: Uint8Array): boolean {
  if (stamped.length !== 8 + 64) return false;
  const timeS = timeOf(stamped);
  return Number.isSafeInteger(timeS) && suite.verify(key, cosignedBytes(text, timeS), stamped.slice(8));
}

function cosignedBytes(text: string, timeS: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeS}\n${text}`);
}

function timeBytes(timeS: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timeS));
  return bytes;
}

function timeOf(stamped: Uint8Array): number {
  return Number(new DataView(stamped.buffer, stamped.byteOffset, 8).getBigUint64(0));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function refused(detail: string): LimpidError {
  return new LimpidError('NOTE_MALFORMED', { detail });
}
