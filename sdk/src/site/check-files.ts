import { dirname, resolve } from 'node:path';
import type { Fault, Path } from '../profiles/yaml-document.ts';
import type { Draft } from './draft.ts';
import type { SiteUplink } from './schema.ts';

export type FileExists = (path: string) => boolean;

/** The files that uplinks name, relative to the site file. */
export function checkFiles({ uplinks, fault }: Draft, file: string, fileExists: FileExists | undefined): Fault[] {
  if (fileExists === undefined) return [];
  return [...uplinks.valid].flatMap(([name, uplink]) =>
    filesOf(uplink)
      .filter(([, path]) => !fileExists(resolve(dirname(file), path)))
      .map(([where, path]) => fault('CONFIG_NO_FILE', ['uplinks', name, ...where], { name: path })),
  );
}

function filesOf({ receiptKeys, tls }: SiteUplink): [Path, string][] {
  return [
    ...receiptKeys.map((path, k): [Path, string] => [['receiptKeys', k], path]),
    ...(['ca', 'cert', 'key'] as const).flatMap((key): [Path, string][] => {
      const path = tls?.[key];
      return path === undefined ? [] : [[['tls', key], path]];
    }),
  ];
}
