import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCase, runCase } from './cases.ts';
import { loadProfileFile, shippedProfileFolders } from './load.ts';
import { showFault } from './yaml-document.ts';

for (const folder of shippedProfileFolders()) {
  const id = basename(folder);
  const { profile, faults } = loadProfileFile(join(folder, 'profile.yaml'), id);
  const files = readdirSync(join(folder, 'cases')).filter((file) => file.endsWith('.yaml'));

  describe(`profile ${id}`, () => {
    it('has nothing for lint to say', () => {
      expect(faults.map((fault) => showFault(fault, 'en'))).toEqual([]);
    });

    it('says in its README where it comes from, what to confirm and who tried it', () => {
      const readme = readFileSync(join(folder, 'README.md'), 'utf8');
      for (const heading of ['## Source', '## Confirm on site', '## Tried by']) expect(readme).toContain(heading);
    });

    it('has cases', () => expect(files.length).toBeGreaterThan(1));

    for (const file of files) {
      const path = join(folder, 'cases', file);
      const { value, faults: wrong } = parseCase(readFileSync(path, 'utf8'), path);
      it(`${file.replace('.yaml', '')}: ${value?.what ?? 'cannot be read'}`, () => {
        expect(wrong.map((fault) => showFault(fault, 'en'))).toEqual([]);
        expect(runCase(profile!, value!)).toEqual(value!.readings);
      });
    }
  });
}
