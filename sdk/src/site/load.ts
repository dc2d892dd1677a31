import type { ProfileSource } from '../profiles/load.ts';
import { checkShape } from '../profiles/shape.ts';
import type { Fault } from '../profiles/yaml-document.ts';
import { readYaml } from '../profiles/yaml-document.ts';
import { checkDevices, pollEveryMsOf } from './check-devices.ts';
import { checkFiles, type FileExists } from './check-files.ts';
import { checkLineLoad } from './check-line-load.ts';
import { checkLines } from './check-lines.ts';
import { checkFacilities, checkHead, checkOutlets } from './check-outlets.ts';
import { toDraft } from './draft.ts';
import { type ParsedDevice, type Site, type SiteDevice, siteSchema } from './schema.ts';

export interface LoadSiteOptions {
  /** name of the file, for faults; other files are found relative to it */
  file: string;
  profiles: ProfileSource;
  /** whether a file is there: absent, files are not looked for */
  fileExists?: FileExists;
}

/** Reads site.yaml: the site with all defaults in place, or every fault of the file at once. Warnings leave the site. */
export function loadSite(text: string, options: LoadSiteOptions): { site: Site | null; faults: Fault[] } {
  const document = readYaml(text, options.file);
  const { value, faults } = checkShape(document, siteSchema);
  if (document.faults.length > 0) return { site: null, faults };
  const draft = toDraft(document, options.profiles);
  const found = [
    ...faults,
    ...checkHead(draft),
    ...checkOutlets(draft),
    ...checkFacilities(draft),
    ...checkLines(draft),
    ...checkDevices(draft),
    ...checkLineLoad(draft),
    ...checkFiles(draft, options.file, options.fileExists),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
  const wrong = value === null || found.some((fault) => fault.severity === 'error');
  return { site: wrong ? null : { ...value, devices: completed(value.devices, options.profiles) }, faults: found };
}

function completed(devices: Record<string, ParsedDevice>, profiles: ProfileSource): Record<string, SiteDevice> {
  return Object.fromEntries(
    Object.entries(devices).map(([name, device]) => {
      const profile = profiles.get(device.profile);
      return [
        name,
        {
          ...device,
          unit: device.unit ?? profile?.unit ?? 1,
          outlet: device.outlet ?? '',
          pollEveryMs: pollEveryMsOf(device, profile),
        },
      ];
    }),
  );
}
