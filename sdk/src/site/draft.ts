import type { ZodType, z } from 'zod';
import type { Code } from '../core/codes.ts';
import type { ProfileSource } from '../profiles/load.ts';
import type { Fault, FaultParams, Path, YamlDocument } from '../profiles/yaml-document.ts';
import {
  deviceSchema,
  facilitySchema,
  lineSchema,
  outletSchema,
  type ParsedDevice,
  type SiteFacility,
  type SiteLine,
  type SiteOutlet,
  type SiteUplink,
  siteHeadSchema,
  uplinkSchema,
} from './schema.ts';

/** One section: the names that stand in the file, and the entries that have the right shape. */
export interface Section<T> {
  names: string[];
  valid: Map<string, T>;
  /** valid entries that have lost a key of the wrong shape: what is missing in them says nothing */
  pruned: Set<string>;
}

/** What can be checked across the file, although some of it may be wrong: all faults are reported at once. */
export interface Draft {
  document: YamlDocument;
  profiles: ProfileSource;
  head: z.output<typeof siteHeadSchema> | null;
  outlets: Section<SiteOutlet>;
  lines: Section<SiteLine>;
  devices: Section<ParsedDevice>;
  facilities: Section<SiteFacility>;
  uplinks: Section<SiteUplink>;
  fault(code: Code, path: Path, params?: FaultParams, options?: { on?: 'key'; severity?: 'warning' }): Fault;
}

export function toDraft(document: YamlDocument, profiles: ProfileSource): Draft {
  const { data } = document;
  return {
    document,
    profiles,
    head: parsedOrNull(siteHeadSchema, entriesOf(data).get('site')),
    outlets: toSection(data, 'outlets', outletSchema),
    lines: toSection(data, 'lines', lineSchema),
    devices: toSection(data, 'devices', deviceSchema),
    facilities: toSection(data, 'facilities', facilitySchema),
    uplinks: toSection(data, 'uplinks', uplinkSchema),
    fault: document.fault,
  };
}

function toSection<T>(data: unknown, key: string, schema: ZodType<T>): Section<T> {
  const entries = entriesOf(entriesOf(data).get(key));
  const section: Section<T> = { names: [...entries.keys()], valid: new Map(), pruned: new Set() };
  for (const [name, value] of entries) {
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      section.valid.set(name, parsed.data);
      continue;
    }
    const rest = schema.safeParse(withoutFaulty(value, parsed.error.issues));
    if (!rest.success) continue;
    section.valid.set(name, rest.data);
    section.pruned.add(name);
  }
  return section;
}

/** The entry without the keys that have a fault in them, so that the others are still checked. */
function withoutFaulty(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const faulty = new Set(
    issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : issue.path[0],
    ),
  );
  return Object.fromEntries([...entriesOf(value)].filter(([key]) => !faulty.has(key)));
}

function entriesOf(value: unknown): Map<string, unknown> {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : new Map();
}

function parsedOrNull<T>(schema: ZodType<T>, value: unknown): T | null {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
