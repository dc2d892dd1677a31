import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Service, settleAll } from '@limpid/sdk/core';
import { createNodeFiles, openKeyFile, publicPathOf } from '@limpid/sdk/ledger/store';
import type { Endpoint } from '@limpid/simulators';
import { keyFileOf } from '../data-dir.ts';
import { isRecord } from '../door/protocol.ts';
import { RemoteGateway } from '../door/remote-gateway.ts';
import { Child } from './child.ts';
import { demoSite } from './demo-site.ts';

/** Where everything of a demo lies, below one directory that stays for a look afterwards. */
export interface DemoPlaces {
  root: string;
  gatewayData: string;
  collectorData: string;
  trust: string;
  logs: string;
  siteFile: string;
  gatewayKey: string;
}

const SCENARIO = 'demo';
const limpid = fileURLToPath(new URL('../../bin/limpid.js', import.meta.url));
const limpidSim = fileURLToPath(new URL('../bin/limpid-sim.js', import.meta.resolve('@limpid/simulators')));

/**
 * The whole path in five processes, as a site has it: instruments, broker, collector, gateway, and somebody who looks.
 * Each is the command that an integrator would start.
 */
export class Demo implements Service {
  readonly places: DemoPlaces;
  readonly #children: Child[] = [];

  constructor(root: string | null) {
    this.places = placesBelow(root ?? mkdtempSync(join(tmpdir(), 'limpid-demo-')));
    // Whatever ends the demo early, as a second Ctrl-C: nothing of it stays behind.
    process.once('exit', () => {
      for (const child of this.#children) child.kill();
    });
  }

  async start(): Promise<void> {
    const { places } = this;
    for (const dir of [places.gatewayData, places.collectorData, places.trust, places.logs]) {
      mkdirSync(dir, { recursive: true });
    }
    const [simulators, broker] = await Promise.all([this.#simulators(), this.#broker(), this.#trustGateway()]);
    const brokerUrl = `mqtt://127.0.0.1:${broker.ready.port}`;
    await this.#start('collector', [
      ...[limpid, 'collect', '--url', brokerUrl, '--trust', places.trust],
      ...['--data', places.collectorData],
    ]);
    const receiptKey = join(places.collectorData, 'keys', 'collector.pub.pem');
    const endpoints = endpointsOf(simulators.ready);
    writeFileSync(places.siteFile, demoSite({ endpoints, brokerUrl, receiptKey }));
    await this.#start('gateway', [limpid, 'run', places.siteFile, '--data', places.gatewayData]);
  }

  connect(): Promise<RemoteGateway> {
    return RemoteGateway.open(this.places.gatewayData);
  }

  /** Rejects as soon as one of the processes ends by itself. */
  failed(): Promise<never> {
    return Promise.race(this.#children.map((child) => child.failed()));
  }

  /** The gateway first, while the others still take what it has to say. */
  async stop(): Promise<void> {
    await settleAll([...this.#children].reverse().map((child) => () => child.stop()));
  }

  #simulators(): Promise<Child> {
    return this.#start(
      'simulators',
      [limpidSim, 'run', SCENARIO, '--json', '--end-with-input'],
      (message) => 'listening' in message,
    );
  }

  #broker(): Promise<Child> {
    return this.#start('broker', [limpid, 'broker']);
  }

  /** The collector believes a gateway whose key it was given beforehand, as an inspector would hand it over. */
  async #trustGateway(): Promise<void> {
    await openKeyFile(keyFileOf(this.places.gatewayData), createNodeFiles(), { create: true });
    copyFileSync(this.places.gatewayKey, join(this.places.trust, 'gateway.pem'));
  }

  async #start(
    name: string,
    command: string[],
    isReady = (message: Record<string, unknown>) => message.msg === 'ready',
  ): Promise<Child> {
    const child = new Child({ name, command, isReady, logFile: join(this.places.logs, `${name}.log`) });
    this.#children.push(child);
    await child.start();
    return child;
  }
}

function placesBelow(root: string): DemoPlaces {
  const gatewayData = join(root, 'gateway');
  return {
    root,
    gatewayData,
    collectorData: join(root, 'collector'),
    trust: join(root, 'trust'),
    logs: join(root, 'logs'),
    siteFile: join(root, 'site.yaml'),
    gatewayKey: publicPathOf(keyFileOf(gatewayData)),
  };
}

function endpointsOf({ listening }: Record<string, unknown>): Endpoint[] {
  if (!Array.isArray(listening) || !listening.every(isEndpoint)) throw new TypeError('limpid-sim named no endpoints');
  return listening;
}

function isEndpoint(value: unknown): value is Endpoint {
  return isRecord(value) && typeof value.device === 'string' && (value.type === 'tcp' || value.type === 'serial');
}
