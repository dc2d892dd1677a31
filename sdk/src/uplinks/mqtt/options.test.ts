import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { mqttUplinkSchema } from '../../site/uplink-schema.ts';
import { parseMqttOptions } from './options.ts';
import { DEFAULT_TOPIC_PREFIX } from './topics.ts';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

describe('options of the mqtt uplink', () => {
  it('take the sample', () => {
    const sample: Record<string, unknown> = parse(read('sample.yaml'));
    expect(parseMqttOptions('cloud', sample.cloud)).toMatchObject({ live: true, topicPrefix: DEFAULT_TOPIC_PREFIX });
  });

  it('stand all in the README, with their defaults', () => {
    const table = read('README.md').split('## Options')[1]!.split('##')[0]!;
    const defaults: Record<string, unknown> = parseMqttOptions('cloud', { type: 'mqtt', url: 'mqtt://x' });
    for (const option of Object.keys(mqttUplinkSchema.shape)) {
      const row = table.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${option}\``));
      expect(row, option).toBeDefined();
      const value = defaults[option];
      if (typeof value === 'number' || typeof value === 'boolean') expect(row, option).toContain(String(value));
    }
  });

  it('are told with their place when they are wrong', () => {
    expect(() => parseMqttOptions('cloud', { type: 'mqtt', url: 'mqtt://a:b@c' })).toThrow(/uplinks\.cloud.*url/);
  });
});
