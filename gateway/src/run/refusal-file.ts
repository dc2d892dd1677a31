import { join } from 'node:path';
import { type Files, replaceFile } from '@limpid/sdk/ledger/store';
import type { RefusalsRecord } from '@limpid/sdk/modbus';
import { isRecord } from '../door/protocol.ts';

export type Refusals = Readonly<Record<string, RefusalsRecord>>;

const FILE = 'refusals.json';

/**
 * What devices were found to refuse, kept over a restart so that the first scan need not find it out again. It is a
 * convenience: a file that is missing or makes no sense is as good as none.
 */
export async function loadRefusals(dataDir: string, files: Files): Promise<Refusals> {
  const path = join(dataDir, FILE);
  if ((await files.stat(path)) === null) return {};
  const text = new TextDecoder().decode(await files.readFile(path));
  const value = parse(text);
  return Object.fromEntries(Object.entries(value).filter((pair): pair is [string, RefusalsRecord] => isSane(pair[1])));
}

export async function saveRefusals(dataDir: string, files: Files, refusals: Refusals): Promise<void> {
  await replaceFile(files, join(dataDir, FILE), new TextEncoder().encode(`${JSON.stringify(refusals, null, 2)}\n`));
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isSane(value: unknown): value is RefusalsRecord {
  if (!isRecord(value) || typeof value.map !== 'string' || !Array.isArray(value.refused)) return false;
  const { limit } = value;
  return value.refused.every(isRefusal) && (limit === null || (isRecord(limit) && allNumbers(limit, LIMIT_KEYS)));
}

const LIMIT_KEYS = ['registers', 'sinceMs'];
const REFUSAL_KEYS = ['fn', 'first', 'last', 'exception', 'sinceMs'];

function isRefusal(value: unknown): boolean {
  return isRecord(value) && typeof value.kind === 'string' && allNumbers(value, REFUSAL_KEYS);
}

function allNumbers(value: Record<string, unknown>, keys: readonly string[]): boolean {
  return keys.every((key) => Number.isSafeInteger(value[key]));
}
