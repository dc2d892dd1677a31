import { resolve } from 'node:path';
import { text } from '../language.ts';

/** LIMPID_DATA, or ./limpid-data. */
export const defaultDataDir = process.env.LIMPID_DATA ?? 'limpid-data';

export const dataOption = [
  '--data <dir>',
  text('data directory: ledger, keys, local door', '数据目录：账本、密钥、本地接口'),
  (value: string) => resolve(value),
  resolve(defaultDataDir),
] as const;
