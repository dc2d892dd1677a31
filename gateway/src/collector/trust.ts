import { join } from 'node:path';
import { faultText, LimpidError } from '@limpid/sdk/core';
import {
  equalBytes,
  type Item,
  ledgerIdOf,
  type PublicKey,
  peekEntry,
  type Suite,
  toHex,
  verifySign1,
} from '@limpid/sdk/ledger/seal';
import { type Files, readPublicKeyFile } from '@limpid/sdk/ledger/store';

/** A key that the operator of the collector put into the trust folder. */
export interface TrustedKey {
  /** the file's name without its endings */
  label: string;
  key: PublicKey;
  /** `<16 hex digits>.pem`: good for this ledger only */
  ledger: string | null;
}

/**
 * Whom the collector believes. A key is trusted because its file lies in the folder, never because a message carries
 * it; a ledger is trusted because such a key has signed it.
 */
export class Trust {
  readonly keys: readonly TrustedKey[];
  readonly #suite: Suite;

  constructor(keys: readonly TrustedKey[], suite: Suite) {
    this.keys = keys;
    this.#suite = suite;
  }

  /** CONFIG_UNREADABLE when there is no such folder; KEY_UNREADABLE or KEY_WEAK for the first bad file in it. */
  static async load(directory: string, files: Files, suite: Suite): Promise<Trust> {
    const names = await listPems(directory, files);
    const keys = await Promise.all(
      names.map(async (name): Promise<TrustedKey> => {
        const label = name.replace(/(\.pub)?\.pem$/, '');
        const key = await readPublicKeyFile(join(directory, name), files);
        return { label, key, ledger: /^[0-9a-f]{16}$/.test(label) ? label : null };
      }),
    );
    return new Trust(keys, suite);
  }

  find(ledger: string, key: PublicKey): TrustedKey | undefined {
    return this.keys.find((one) => isGoodFor(one, ledger) && equalBytes(one.key.spki, key.spki));
  }

  /**
   * The key that signed this item of `ledger`, or null. Throws CBOR_MALFORMED, ENTRY_MALFORMED or ENTRY_TOO_LARGE. An
   * entry 0 must name the ledger by its hash and carry the key that signed it.
   */
  signerOf(ledger: string, item: Item): TrustedKey | null {
    const { entry, sign1 } = peekEntry(item.entryBytes);
    const signer = this.keys.find(
      (one) =>
        isGoodFor(one, ledger) && equalBytes(one.key.keyId, sign1.keyId) && verifySign1(this.#suite, sign1, one.key),
    );
    if (signer === undefined) return null;
    if (entry.prefix.seq > 0) return toHex(entry.prefix.ledger) === ledger ? signer : null;
    const own = entry.kind === 'key' && equalBytes(entry.coseKey, signer.key.coseKey);
    return own && toHex(ledgerIdOf(this.#suite, item.entryBytes)) === ledger ? signer : null;
  }
}

function isGoodFor(key: TrustedKey, ledger: string): boolean {
  return key.ledger === null || key.ledger === ledger;
}

async function listPems(directory: string, files: Files): Promise<string[]> {
  try {
    return (await files.readdir(directory)).filter((name) => name.endsWith('.pem')).sort();
  } catch (fault) {
    throw new LimpidError('CONFIG_UNREADABLE', { file: directory, detail: faultText(fault) }, { cause: fault });
  }
}
