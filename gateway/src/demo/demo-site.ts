import type { Endpoint } from '@limpid/simulators';
import { stringify } from 'yaml';

/** Poll intervals of the demo: within what HJ 212 wants (a sample at most every 5 s), with room for a time-out. */
const POLL_MS = { tcp: 2_000, serial: 2_500 } as const;

/** A short batch keeps the view lively; a site keeps the ten seconds of the default. */
const BATCH_EVERY_S = 2;

/** A flow meter without status is judged by what its channel can carry, in L/s. */
const RANGES: Record<string, object> = { 'jbsd-wl-1a1': { flow: { range: { low: 0, high: 300 } } } };

export interface DemoSite {
  endpoints: readonly Endpoint[];
  brokerUrl: string;
  receiptKey: string;
}

/** The site.yaml that an integrator would write for these instruments. */
export function demoSite({ endpoints, brokerUrl, receiptKey }: DemoSite): string {
  const site = {
    site: { name: 'Limpid demo heat plant 演示供热厂', permit: '91110000101100000J001P' },
    outlets: {
      DA001: { medium: 'air', ruleSet: 'cn-air-hj75-2017' },
      DW001: { medium: 'water', ruleSet: 'cn-water-hj356-2019' },
    },
    lines: Object.fromEntries(endpoints.map((endpoint) => [endpoint.line, lineOf(endpoint)])),
    devices: Object.fromEntries(endpoints.map((endpoint) => [endpoint.device, deviceOf(endpoint)])),
    uplinks: { collector: { type: 'mqtt', url: brokerUrl, receiptKeys: [receiptKey], live: true } },
    ledger: { batchEveryS: BATCH_EVERY_S },
  };
  return `# Written by limpid demo; ports and serial lines change with every run.\n${stringify(site)}`;
}

function lineOf(endpoint: Endpoint): object {
  if (endpoint.type === 'tcp') return { type: 'tcp', host: endpoint.host, port: endpoint.port };
  const { path, baudRate, parity, dataBits, stopBits } = endpoint;
  return { type: 'rtu', path, baudRate, parity, dataBits, stopBits };
}

function deviceOf({ profile, line, unit, outlet, code, type }: Endpoint): object {
  const pollEveryMs = POLL_MS[type];
  const channels = RANGES[profile];
  return { profile, line, unit, outlet, pollEveryMs, ...(code !== null && { code }), ...(channels && { channels }) };
}
