import { release } from 'node:os';
import { type ContextPart, type Detail, encodeContextPart } from '@limpid/sdk/ledger/seal';
import type { Site } from '@limpid/sdk/site';
import { version } from '../version.ts';
import type { Assembly } from './assembly.ts';

/** What is signed beside the readings, so that every figure is tied to the configuration and software that made it. */
export function contextParts(site: Site, { channels, devices }: Assembly): ContextPart[] {
  const runtime = `node ${process.version} ${process.platform} ${process.arch} ${release()}`;
  return [
    encodeContextPart({ kind: 'site', name: '', value: toDetail(site) }),
    encodeContextPart({ kind: 'channels', name: '', channels }),
    encodeContextPart({ kind: 'firmware', name: 'limpid', version, treeHash: null, runtime }),
    ...devices.map(({ name, config, bound }) => {
      const { id, maker, model, edition } = bound.profile;
      const value = toDetail({ ...config, profile: id, maker, model, edition });
      return encodeContextPart({ kind: 'device', name, value });
    }),
  ];
}

/**
 * Configuration as a signed value. The format has no floats: a fraction is kept as the text that people wrote.
 * site.yaml holds no secrets, only the names of the variables that do.
 */
export function toDetail(value: unknown): Detail {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : String(value);
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'bigint') return value;
  if (Array.isArray(value)) return value.map(toDetail);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, toDetail(member)]));
}
