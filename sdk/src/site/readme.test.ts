import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ZodType, z } from 'zod';
import { caseSchema } from '../profiles/cases.ts';
import { loadProfiles } from '../profiles/load.ts';
import { profileSchema } from '../profiles/schema.ts';
import { RULE_SETS } from './rule-sets.ts';
import { siteSchema } from './schema.ts';

/** Every key that may stand in a file, however deep. */
function keysOf(schema: ZodType): Set<string> {
  const keys = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties') for (const name of Object.keys(value)) keys.add(name);
      walk(value);
    }
  };
  walk(z.toJSONSchema(schema, { io: 'input' }));
  return keys;
}

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('the READMEs', () => {
  it.each<[string, string, ZodType]>([
    ['site', './README.md', siteSchema],
    ['profiles', '../profiles/README.md', profileSchema],
    ['profiles, of cases,', '../profiles/README.md', caseSchema],
  ])('of %s names every option', (_, path, schema) => {
    const text = read(path);
    const missing = [...keysOf(schema)].filter((key) => !new RegExp(`\`[^\`]*\\b${key}\\b[^\`]*\``).test(text));
    expect(missing).toEqual([]);
  });

  it('name every rule set and every shipped profile', () => {
    for (const ruleSet of Object.keys(RULE_SETS)) expect(read('./README.md')).toContain(`\`${ruleSet}\``);
    for (const id of loadProfiles().profiles.keys()) expect(read('../profiles/README.md')).toContain(`\`${id}\``);
  });
});
