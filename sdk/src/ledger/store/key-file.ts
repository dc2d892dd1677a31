/**
 * The writer's key: PKCS#8 PEM, mode 0600, created on first start and durable before anything is signed with it.
 * Ed25519 by default; a P-256 key put in its place is accepted and signs ESP256 with low s. The public key lies
 * beside it (`ledger.pub.pem`) to be handed to whoever verifies.
 */
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { faultText, isLimpidError, LimpidError } from '../../core/error.ts';
import type { PublicKey, Signer } from '../seal/suite.ts';
import { type Files, faultCode, folderOf, makeDirectory, replaceFile } from './files.ts';
import { writeRefused } from './lock.ts';
import { createNodeSigner, publicKeyFromPem, publicKeyToPem } from './node-suite.ts';

/** The signer of the file; with `create` it is made when nothing is there. KEY_OPEN, KEY_UNREADABLE, KEY_WEAK. */
export async function openKeyFile(
  path: string,
  files: Files,
  options: { create: boolean } = { create: true },
): Promise<Signer> {
  const stat = await files.stat(path);
  if (stat === null && options.create) await createKeyFile(path, files);
  else if (stat !== null && (stat.permissions & 0o077) !== 0) {
    throw new LimpidError('KEY_OPEN', { file: path, mode: stat.permissions.toString(8).padStart(4, '0') });
  }
  const pem = await readKey(path, files);
  const signer = namingFile(path, () => createNodeSigner(createPrivateKey(pem)));
  await keepPublicKey(path, publicKeyToPem(signer.publicKey), files);
  return signer;
}

/** From the PEM of a public key, as `limpid verify --key` and a collector take it. KEY_UNREADABLE, KEY_WEAK. */
export async function readPublicKeyFile(path: string, files: Files): Promise<PublicKey> {
  const pem = await readKey(path, files);
  return namingFile(path, () => publicKeyFromPem(pem));
}

/** Names a key to people: the whole SHA-256 of its SubjectPublicKeyInfo, of which the key id is the beginning. */
export function fingerprintOf(key: PublicKey): string {
  return `SHA256:${createHash('sha256').update(key.spki).digest('hex')}`;
}

export function publicPathOf(path: string): string {
  return path.endsWith('.pem') ? `${path.slice(0, -'.pem'.length)}.pub.pem` : `${path}.pub.pem`;
}

async function createKeyFile(path: string, files: Files): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const folder = folderOf(path);
  try {
    await makeDirectory(files, folder);
    // under its name only when it is whole: a torn key would keep the gateway from ever starting
    await replaceFile(files, path, new TextEncoder().encode(pem), { permissions: 0o600 });
  } catch (fault) {
    throw writeRefused(folder, fault);
  }
}

/** Written again whenever it is missing or belongs to another key. */
async function keepPublicKey(path: string, pem: string, files: Files): Promise<void> {
  const publicPath = publicPathOf(path);
  if ((await files.stat(publicPath)) !== null) {
    if (new TextDecoder().decode(await files.readFile(publicPath)) === pem) return;
  }
  try {
    await replaceFile(files, publicPath, new TextEncoder().encode(pem), { permissions: 0o644 });
  } catch (fault) {
    throw writeRefused(folderOf(path), fault);
  }
}

async function readKey(path: string, files: Files): Promise<string> {
  try {
    return new TextDecoder().decode(await files.readFile(path));
  } catch (fault) {
    throw unreadable(path, faultCode(fault) === 'ENOENT' ? 'there is no such file' : fault);
  }
}

/** The faults of a key, with the file that holds it. */
function namingFile<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (fault) {
    if (isLimpidError(fault, 'KEY_WEAK')) throw new LimpidError('KEY_WEAK', { file: path }, { cause: fault });
    throw unreadable(path, isLimpidError(fault) ? fault.params.detail : fault);
  }
}

function unreadable(path: string, fault: unknown): LimpidError {
  return new LimpidError('KEY_UNREADABLE', { file: path, detail: faultText(fault) }, { cause: fault });
}
