import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@limpid/sdk/core';
import {
  createNodeFiles,
  createNodeSigner,
  createNodeSuite,
  type Draft,
  type LedgerItem,
  type RetentionPolicy,
} from '@limpid/sdk/ledger/store';
import { loadProfiles } from '@limpid/sdk/profiles';
import { loadSite } from '@limpid/sdk/site';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAedes, type TestBroker } from '../../../test/support/brokers.ts';
import { FarEnd } from '../../../test/support/far-end.ts';
import { MemoryLedger } from '../../../test/support/memory-ledger.ts';
import { analyserSite } from '../../../test/support/small-site.ts';
import { Forwarding } from './forwarding.ts';

const clock = createSystemClock();
const keys = generateKeyPairSync('ed25519');

describe('Forwarding', () => {
  let broker: TestBroker;
  let root: string;
  let ledger: MemoryLedger;
  let far: FarEnd;
  let forwarding: Forwarding;
  const drafts: Draft[] = [];
  const policies: RetentionPolicy[] = [];

  const until = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 5 });
  const start = async (append: () => Promise<LedgerItem>) => {
    const more = `uplinks:\n  cloud: { type: mqtt, url: '${broker.url}', receiptKeys: [collector.pem] }`;
    const yaml = analyserSite('{ type: tcp, host: 127.0.0.1, port: 1502 }', { more });
    const { site } = loadSite(yaml, { file: 'site.yaml', profiles: loadProfiles().profiles });
    if (site === null) throw new Error('the sample has faults');
    const retain = async (policy: RetentionPolicy) => {
      policies.push(policy);
      return [];
    };
    forwarding = new Forwarding({
      ...{ site, siteDir: root, dataDir: root, clock, log: pino({ level: 'silent' }) },
      ...{ files: createNodeFiles(), suite: createNodeSuite(), ledger: Object.assign(ledger, { retain }) },
      append: (draft) => {
        drafts.push(draft);
        return append();
      },
    });
    await forwarding.start();
    await until(() => expect(forwarding.statuses()).toMatchObject([{ connected: true }]));
  };

  beforeEach(async () => {
    broker = await createAedes();
    await broker.start();
    root = mkdtempSync(join(tmpdir(), 'forwarding-'));
    writeFileSync(join(root, 'collector.pem'), keys.publicKey.export({ format: 'pem', type: 'spki' }));
    ledger = new MemoryLedger(clock);
    ledger.addEvents(19);
    far = new FarEnd({ url: broker.url, ledger, signer: createNodeSigner(keys.privateKey) });
    await far.connect();
  });

  afterEach(async () => {
    await forwarding.stop();
    await far.close();
    await broker.kill();
    for (const list of [drafts, policies]) list.length = 0;
    rmSync(root, { recursive: true, force: true });
  });

  it('goes on hearing receipts while the ledger takes nothing: they are what makes room', async () => {
    await start(() => new Promise(() => {}));
    await far.receipt(7);
    await until(() => expect(forwarding.statuses()).toMatchObject([{ receiptedSize: 7 }]));
    expect(drafts).toMatchObject([{ kind: 'anchor', about: 7 }]);
    await far.receipt(9_999);
    await far.receipt(20, { timeS: Math.floor(Date.now() / 1000) + 1 });
    await until(() => expect(forwarding.statuses()).toMatchObject([{ receiptedSize: 20 }]));
    expect(drafts).toMatchObject([{ kind: 'anchor' }, { kind: 'event', event: 'peerAhead' }]);
  });

  it('lets nothing be deleted before a far end that owes receipts has given any', async () => {
    await start(() => Promise.reject(new Error('full')));
    await until(() => expect(policies).toMatchObject([{ receiptedSize: 0 }]));
  });
});
