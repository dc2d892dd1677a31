import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ZodType, z } from 'zod';
import { caseSchema } from '../profiles/cases.ts';
import { profileSchema } from '../profiles/schema.ts';
import { siteSchema } from './schema.ts';

const SCHEMAS: Record<string, { title: string; schema: ZodType }> = {
  site: { title: 'Limpid site.yaml', schema: siteSchema },
  profile: { title: 'Limpid device profile (profile.yaml)', schema: profileSchema },
  case: { title: 'Limpid profile case (cases/*.yaml)', schema: caseSchema },
};

/** Editors read these files. UPDATE_SCHEMAS=1 writes them anew; format them with Biome afterwards. */
describe('the JSON Schemas for editors', () => {
  for (const [name, { title, schema }] of Object.entries(SCHEMAS)) {
    it(`${name}.schema.json says what the code checks`, () => {
      const file = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
      const generated = { title, ...z.toJSONSchema(schema, { io: 'input' }) };
      if (process.env.UPDATE_SCHEMAS === '1') writeFileSync(file, `${JSON.stringify(generated, null, 2)}\n`);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(generated)));
    });
  }
});
