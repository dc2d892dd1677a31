import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultText } from '../core/error.ts';
import { lintProfile } from './lint.ts';
import { type Profile, profileSchema } from './schema.ts';
import { checkShape } from './shape.ts';
import { type Fault, readYaml, toFault } from './yaml-document.ts';

/** The profiles that ship with the package: seen from `src` as well as from `dist`, both two folders below its root. */
const SHIPPED = fileURLToPath(new URL('../../src/profiles/devices/', import.meta.url));

export interface ProfileSet {
  profiles: Map<string, Profile>;
  /** what is wrong with the files of those that could not be used, and warnings about those that can */
  faults: Fault[];
}

/**
 * Reads every folder `<id>/profile.yaml`; there is no list to edit. A profile in `directories` replaces a shipped one
 * of the same id: a site may carry its own corrected copy.
 */
export function loadProfiles(options: { directories?: readonly string[]; shipped?: boolean } = {}): ProfileSet {
  const directories = [...((options.shipped ?? true) ? [SHIPPED] : []), ...(options.directories ?? [])];
  const set: ProfileSet = { profiles: new Map(), faults: [] };
  for (const directory of directories) {
    for (const id of foldersOf(directory, set.faults)) {
      const { profile, faults } = loadProfileFile(join(directory, id, 'profile.yaml'), id);
      set.faults.push(...faults);
      if (profile !== null) set.profiles.set(id, profile);
    }
  }
  return set;
}

/** Profiles by id; a map is one. */
export interface ProfileSource {
  get(id: string): Profile | undefined;
  keys(): Iterable<string>;
}

/** Own profiles, then the shipped ones, of which each is read when it is first asked for: a site uses a few of many. */
export class ProfileShelf implements ProfileSource {
  /** what is wrong with shipped files that were asked for, and warnings about them */
  readonly faults: Fault[] = [];
  readonly #own: ReadonlyMap<string, Profile>;
  readonly #shipped: ReadonlySet<string>;
  readonly #read = new Map<string, Profile | null>();

  constructor(own: ReadonlyMap<string, Profile> = new Map()) {
    this.#own = own;
    this.#shipped = new Set(foldersOf(SHIPPED, this.faults));
  }

  get(id: string): Profile | undefined {
    return this.#own.get(id) ?? this.#fromShipped(id) ?? undefined;
  }

  keys(): Iterable<string> {
    return new Set([...this.#shipped, ...this.#own.keys()]);
  }

  #fromShipped(id: string): Profile | null {
    const known = this.#read.get(id);
    if (known !== undefined || !this.#shipped.has(id)) return known ?? null;
    const { profile, faults } = loadProfileFile(join(SHIPPED, id, 'profile.yaml'), id);
    this.faults.push(...faults);
    this.#read.set(id, profile);
    return profile;
  }
}

/** Folders of profiles, by name. */
export function shippedProfileFolders(): string[] {
  return foldersOf(SHIPPED, []).map((id) => join(SHIPPED, id));
}

export function loadProfileFile(file: string, id: string): { profile: Profile | null; faults: Fault[] } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (fault) {
    return { profile: null, faults: [unreadable(file, fault)] };
  }
  return parseProfile(text, { file, id });
}

/** `id` is the name of the folder, which the profile must repeat. A profile with an error is not returned. */
export function parseProfile(
  text: string,
  { file, id }: { file: string; id: string },
): { profile: Profile | null; faults: Fault[] } {
  const document = readYaml(text, file);
  const { value, faults } = checkShape(document, profileSchema);
  if (value === null) return { profile: null, faults };
  const found = lintProfile(value, document, id);
  return { profile: found.some((fault) => fault.severity === 'error') ? null : value, faults: found };
}

function foldersOf(directory: string, faults: Fault[]): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => existsSync(join(directory, name, 'profile.yaml')))
      .sort();
  } catch (fault) {
    faults.push(unreadable(directory, fault));
    return [];
  }
}

function unreadable(file: string, fault: unknown): Fault {
  return toFault(file, { line: 1, column: 1 }, 'CONFIG_UNREADABLE', { file, detail: faultText(fault) });
}
