import { dirname } from 'node:path';
import { LimpidError } from '../core/error.ts';
import { type Files, faultCode, replaceFile } from '../ledger/store/files.ts';

/** A small text that survives power cuts: the newest receipt, or how far a broker has acknowledged. */
export interface DurableText {
  load(): Promise<string | null>;
  /** Resolves when the text is on the disk. */
  save(text: string): Promise<void>;
}

export function createDurableText(files: Files, path: string): DurableText {
  return {
    async load() {
      try {
        return new TextDecoder().decode(await files.readFile(path));
      } catch (fault) {
        if (faultCode(fault) === 'ENOENT') return null;
        throw new LimpidError('CONFIG_UNREADABLE', { file: path, detail: String(fault) }, { cause: fault });
      }
    },
    async save(text) {
      try {
        await files.mkdir(dirname(path));
        await replaceFile(files, path, new TextEncoder().encode(text));
      } catch (fault) {
        throw new LimpidError('LEDGER_READ_ONLY', { dir: dirname(path), detail: String(fault) }, { cause: fault });
      }
    },
  };
}
