import { join, resolve } from 'node:path';
import { text } from './language.ts';

/** LIMPID_DATA, or ./limpid-data. */
const defaultDataDir = resolve(process.env.LIMPID_DATA ?? 'limpid-data');

export const dataOption = [
  '--data <dir>',
  text('data directory: ledger, keys, local door', '数据目录：账本、密钥、本地接口'),
  (value: string) => resolve(value),
  defaultDataDir,
] as const;

/** Where the key of a gateway lies. */
export function keyFileOf(dataDir: string): string {
  return join(dataDir, 'keys', 'ledger.pem');
}
