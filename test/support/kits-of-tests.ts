import type { Files } from '@limpid/sdk/ledger/store';
import { afterEach } from 'vitest';
import { FaultyFiles } from './faulty-files.ts';
import { createLedgerKit, type LedgerKit } from './ledger-kit.ts';

/** Kits for the tests of one file, removed after each of them. Files import it for itself: each has kits of its own. */
const kits: LedgerKit[] = [];
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.remove();
});

export async function newKit(wrap?: (files: Files) => Files): Promise<LedgerKit> {
  const kit = await createLedgerKit(wrap);
  kits.push(kit);
  return kit;
}

export async function faultyKit(): Promise<{ kit: LedgerKit; faulty: FaultyFiles }> {
  let faulty: FaultyFiles | undefined;
  const kit = await newKit((files) => {
    faulty = new FaultyFiles(files);
    return faulty;
  });
  if (faulty === undefined) throw new Error('not wrapped');
  return { kit, faulty };
}
