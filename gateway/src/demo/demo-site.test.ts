import { loadProfiles } from '@limpid/sdk/profiles';
import { loadSite } from '@limpid/sdk/site';
import { expect, it } from 'vitest';
import { demoSite } from './demo-site.ts';

it('the site of the demo has nothing to be warned of', () => {
  const shared = { line: 'outfall', outlet: 'DW001', type: 'tcp', host: '127.0.0.1', port: 1502 } as const;
  const text = demoSite({
    endpoints: [
      { ...shared, device: 'flow', profile: 'jbsd-wl-1a1', unit: 17, code: null },
      { ...shared, device: 'cod', profile: 'cnemc-water', unit: 1, code: 'w01018' },
    ],
    brokerUrl: 'mqtt://127.0.0.1:1883',
    receiptKey: 'collector.pem',
  });
  const { site, faults } = loadSite(text, { file: 'site.yaml', profiles: loadProfiles().profiles });
  expect(faults.map(({ message }) => message('en'))).toEqual([]);
  expect(Object.keys(site?.devices ?? {})).toEqual(['flow', 'cod']);
});
