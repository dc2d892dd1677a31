import { isLimpidError } from '@limpid/sdk/core';
import { type PublicKey, publicKeyFromCoseKey, type Suite } from '@limpid/sdk/ledger/seal';
import { type Files, Mirror, openLedgerDirectory, type ProcessTable } from '@limpid/sdk/ledger/store';
import type { LedgerCopy } from './ledger-copy.ts';

export interface MirrorPlace {
  directory: string;
  ledger: string;
  key: PublicKey;
  files: Files;
  suite: Suite;
  processes: ProcessTable;
}

/** The copy on the disk, in segments like the ledger's own, so that `limpid verify` reads both. */
export function openMirrorCopy({ directory, ledger, key, files, suite, processes }: MirrorPlace): Promise<LedgerCopy> {
  return Mirror.open(directory, key, { files, suite, processes }, { ledger });
}

/** The key in entry 0 of the copy in this folder; null when nothing is held. */
export async function keyOfMirror(directory: string, files: Files, suite: Suite): Promise<PublicKey | null> {
  try {
    const view = await openLedgerDirectory(directory, files, suite);
    const { entry } = await view.read(0);
    return entry.kind === 'key' ? publicKeyFromCoseKey(suite, entry.coseKey) : null;
  } catch (fault) {
    if (isLimpidError(fault, 'LEDGER_ABSENT')) return null;
    throw fault;
  }
}
