import { readFileSync } from 'node:fs';
import { loadProfiles } from '@limpid/sdk/profiles';
import { loadSite } from '@limpid/sdk/site';
import { expect, it } from 'vitest';

const { profiles } = loadProfiles();

/** The fenced yaml blocks of a page. */
function yamlBlocks(page: string): string[] {
  return Array.from(readFileSync(page, 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, block = '']) => block);
}

it.each(['README.md', 'README.zh-CN.md'])('the site that %s shows has no fault', (page) => {
  const [block = ''] = yamlBlocks(page);
  const { site, faults } = loadSite(block, { file: page, profiles });
  expect(faults.map(({ code, line, message }) => `${line} ${code} ${message('en')}`)).toEqual([]);
  expect(Object.keys(site?.devices ?? {})).toEqual(['cems', 'effluent']);
});
