import { join } from 'node:path';
import { EVENT_CODES } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, createNodeSuite, openLedgerDirectory } from '@limpid/sdk/ledger/store';
import { afterEach, expect, it } from 'vitest';
import { DoorClient } from '../../gateway/src/door/client.ts';
import { limpid, startLimpid } from '../support/limpid.ts';
import { analyserSite, serveAnalyser, siteFolder } from '../support/small-site.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('takes a ticket through the door of a running gateway and signs it', async () => {
  const device = await serveAnalyser();
  closing.push(() => device.close());
  const site = siteFolder(analyserSite(device.line));
  closing.push(() => site.remove());
  const gateway = startLimpid(['run', site.siteFile, '--data', site.data]);
  closing.push(() => gateway.stop('SIGKILL'));
  await gateway.ready();
  const door = await DoorClient.open(site.data);
  const detail = { who: 'Wang', firm: 'Third party', why: 'span gas changed', factor: 1.5 };
  const answer = await door.request('event', { event: 'ticket', detail });
  await expect(door.request('event', { event: 'boot', detail })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(door.request('write', { device: 'cems' })).rejects.toMatchObject({ code: 'DOOR_REFUSED' });
  door.close();
  expect((await gateway.stop()).exitCode).toBe(0);

  const ledger = await openLedgerDirectory(site.data, createNodeFiles(), createNodeSuite());
  const { entry } = await ledger.read((answer as { seq: number }).seq);
  expect(entry).toMatchObject({ kind: 'event', code: EVENT_CODES.ticket, detail: { ...detail, factor: '1.5' } });
  const verified = await limpid(['verify', site.data, '--key', join(site.data, 'keys/ledger.pub.pem')]);
  expect(verified.exitCode).toBe(0);
});
