import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultText, LimpidError } from '@limpid/sdk/core';
import { type Depth, ledgerOrigin, openReceipt, type Report } from '@limpid/sdk/ledger/seal';
import {
  createNodeFiles,
  createNodeSuite,
  openLedgerDirectory,
  readPublicKeyFile,
  verifyDirectory,
} from '@limpid/sdk/ledger/store';

export interface FolderToVerify {
  dir: string;
  /** PEM of the gateway's public key; without it the best possible verdict is "not authenticated" */
  keyFile?: string;
  /** `everything` unless only the order is asked for */
  depth?: Depth;
  /** what a collector has signed to hold: a ledger whose end was cut off shows only against it */
  receipt?: { noteFile: string; keyFile: string };
}

/**
 * A ledger or mirror checked. LEDGER_ABSENT, KEY_UNREADABLE, KEY_WEAK, NOTE_MALFORMED when there is nothing that could be
 * checked, or nothing to check it with; USAGE where a collector holds several ledgers.
 */
export async function verifyFolder({ dir, keyFile, depth, receipt }: FolderToVerify): Promise<Report> {
  const [files, suite] = [createNodeFiles(), createNodeSuite()];
  const folder = onlyMirrorIn(dir) ?? dir;
  const key = keyFile === undefined ? null : await readPublicKeyFile(keyFile, files);
  const heads = receipt === undefined ? [] : [await headOf(receipt, folder)];
  return verifyDirectory(folder, { files, suite, key, heads, ...(depth && { depth }) });
}

/** A receipt of another ledger, or by another key, says nothing here: NOTE_MALFORMED. */
async function headOf({ noteFile, keyFile }: { noteFile: string; keyFile: string }, folder: string) {
  const [files, suite] = [createNodeFiles(), createNodeSuite()];
  const collector = await readPublicKeyFile(keyFile, files);
  const { id } = await openLedgerDirectory(folder, files, suite);
  return openReceipt(suite, readNote(noteFile), [collector], ledgerOrigin(id));
}

function readNote(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LimpidError('NOTE_MALFORMED', { detail: `${file}: ${faultText(cause)}` }, { cause });
  }
}

/** A collector keeps one folder per ledger below `ledgers`. */
function onlyMirrorIn(dir: string): string | null {
  const mirrors = join(dir, 'ledgers');
  if (!existsSync(mirrors)) return null;
  const names = readdirSync(mirrors);
  if (names.length > 1) {
    const detail = `${dir} holds ${names.length} ledgers; name one: ${names.map((name) => join(mirrors, name)).join(', ')}`;
    throw new LimpidError('USAGE', { detail });
  }
  return names[0] === undefined ? null : join(mirrors, names[0]);
}
