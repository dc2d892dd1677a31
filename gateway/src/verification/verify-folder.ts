import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LimpidError } from '@limpid/sdk/core';
import type { Depth, Report } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, createNodeSuite, readPublicKeyFile, verifyDirectory } from '@limpid/sdk/ledger/store';

/**
 * A ledger or mirror checked with the key in a PEM file, or with none: then the best possible verdict is "not
 * authenticated". LEDGER_ABSENT, KEY_UNREADABLE, KEY_WEAK; USAGE where a collector holds several ledgers.
 */
export async function verifyFolder(dir: string, keyFile: string | null, depth: Depth = 'everything'): Promise<Report> {
  const [files, suite] = [createNodeFiles(), createNodeSuite()];
  const key = keyFile === null ? null : await readPublicKeyFile(keyFile, files);
  return verifyDirectory(onlyMirrorIn(dir) ?? dir, { files, suite, key, depth });
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
