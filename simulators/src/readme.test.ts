import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DEVICE_STATES, PLAIN_FAULTS, VERBS } from './control/command.ts';
import { QUANTITY_NAMES } from './plant/quantity.ts';
import { expectedSchema, scenarioSchema } from './scenario/schema.ts';

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
const sample = readFileSync(fileURLToPath(new URL('../scenarios/demo-stack/scenario.yaml', import.meta.url)), 'utf8');

/** every key of a schema, however deep */
function keysOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(keysOf);
  return Object.entries(node).flatMap(([name, inner]) => [
    ...(name === 'properties' && typeof inner === 'object' && inner !== null ? Object.keys(inner) : []),
    ...keysOf(inner),
  ]);
}

describe('README of the simulators', () => {
  it('names every command, fault, state and quantity', () => {
    for (const word of [...VERBS, ...PLAIN_FAULTS, 'exception', 'late', 'off', ...DEVICE_STATES, ...QUANTITY_NAMES]) {
      expect(readme).toMatch(new RegExp(`\`(?:fault |state cems |release )?${word}\\b`));
    }
  });

  it('names every key of a scenario and of what is expected of it', () => {
    const keys = [scenarioSchema, expectedSchema].flatMap((schema) => keysOf(z.toJSONSchema(schema, { io: 'input' })));
    expect(keys.length).toBeGreaterThan(40);
    const language = ['en', 'zh'];
    for (const key of keys.filter((each) => !language.includes(each)))
      expect(readme).toMatch(new RegExp(`\\b${key}\\b`));
  });

  it('shows a scenario that the tests play', () => {
    expect(readme).toContain(`\`\`\`yaml\n${sample}\`\`\``);
  });

  it('names every option of the commands', () => {
    for (const file of ['main.ts', 'commands/run.ts', 'commands/list.ts']) {
      const source = readFileSync(fileURLToPath(new URL(`./${file}`, import.meta.url)), 'utf8');
      for (const [, option = ''] of source.matchAll(/option\(\s*'(--[a-z]+)/g)) expect(readme).toContain(option);
    }
  });

  it('is short', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(150);
  });
});
