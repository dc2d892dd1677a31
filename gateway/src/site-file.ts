import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { faultText, LimpidError } from '@limpid/sdk/core';
import { type Fault, loadProfiles, ProfileShelf, type ProfileSource, showFault } from '@limpid/sdk/profiles';
import { loadSite, type Site } from '@limpid/sdk/site';
import { language } from './language.ts';

export interface SiteFile {
  /** null when there are errors */
  site: Site | null;
  profiles: ProfileSource;
  faults: Fault[];
  /** files named in the site are relative to it */
  directory: string;
}

/** Own profiles lie in a folder of this name beside site.yaml; they come before shipped ones of the same name. */
const OWN_PROFILES = 'profiles';

/** CONFIG_UNREADABLE; everything else that is wrong is in `faults`. */
export function readSiteFile(file: string): SiteFile {
  let content: string;
  try {
    content = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    const detail = cause instanceof TypeError ? 'it is not UTF-8 (save it as UTF-8, not as GBK)' : faultText(cause);
    throw new LimpidError('CONFIG_UNREADABLE', { file, detail }, { cause });
  }
  const directory = dirname(resolve(file));
  const own = join(directory, OWN_PROFILES);
  const { profiles: ownProfiles, faults: ownFaults } = loadProfiles({
    shipped: false,
    directories: existsSync(own) ? [own] : [],
  });
  const profiles = new ProfileShelf(ownProfiles);
  const loaded = loadSite(content, { file, profiles, fileExists: existsSync });
  // Warnings about shipped profiles are their authors' business.
  const faults = [...ownFaults, ...profiles.faults.filter(({ severity }) => severity === 'error')];
  const broken = faults.some(({ severity }) => severity === 'error');
  return { site: broken ? null : loaded.site, profiles, faults: [...faults, ...loaded.faults], directory };
}

/** As `check` prints them and `run` refuses with them: `file:line:column code message`. */
export function showFaults(faults: readonly Fault[]): string {
  return faults.map((fault) => `${showFault(fault, language)}\n`).join('');
}

/** The site of a file that is right; otherwise its faults on standard error, and CONFIG_REFUSED. */
export function requireSite(file: string): SiteFile & { site: Site } {
  const found = readSiteFile(file);
  process.stderr.write(showFaults(found.faults));
  if (found.site === null) {
    const errors = found.faults.filter(({ severity }) => severity === 'error').length;
    throw new LimpidError('CONFIG_REFUSED', { file, errors });
  }
  return { ...found, site: found.site };
}
