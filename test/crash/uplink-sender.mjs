// A gateway as far as its uplink sees one: appends numbered batches to a real ledger and sends them. Says on standard
// output how far it is; may be killed at any moment and started again.
//   node uplink-sender.mjs DATA BROKER-URL RECEIPT-KEY BATCHES
import { randomBytes } from 'node:crypto';
import { createSystemClock, UNSCALED } from '@limpid/sdk/core';
import { encodeContextPart } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, createNodeSuite, createProcessTable, Ledger } from '@limpid/sdk/ledger/store';
import { createUplink } from '@limpid/sdk/uplinks';

const [dataDir, url, receiptKey, wantedText] = process.argv.slice(2);
const wanted = Number(wantedText);
/** batches that may wait for their receipt, so that sending goes on as long as appending */
const AHEAD = 40;

const channel = {
  ...{ id: 1, device: 'counter', name: 'number', code: '', outlet: '', unit: '1', fn: 3, address: 0, words: 2 },
  ...{ type: 'u32', order: 'ABCD', scale: UNSCALED, exponent: 0, range: null, disclosure: 'public' },
  basis: { moisture: 'none', state: 'none', referenceDegC: null },
};

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const clock = createSystemClock();
const [files, suite, processes] = [createNodeFiles(), createNodeSuite(), await createProcessTable()];
const random = (bytes) => new Uint8Array(randomBytes(bytes));
const ledger = await Ledger.open(dataDir, { files, clock, suite, processes, random }, { segmentBytes: 64 * 1024 });

let written = 0;
for await (const { entry } of ledger.items(0)) if (entry.kind === 'batch') written += 1;

let wake = () => {};
let receipted = 0;
const uplink = createUplink(
  'cloud',
  { type: 'mqtt', url, receiptKeys: [receiptKey], progressTimeoutS: 0.5 },
  {
    ...{ ledger, clock, random: Math.random, suite, files, env: {}, stateDir: dataDir, siteDir: dataDir },
    onReceipt: (_, size) => {
      receipted = size;
      say({ receipted, resent: uplink.status().resent });
      wake();
    },
  },
);
await uplink.start();
receipted = uplink.status().receiptedSize;
await ledger.append({
  kind: 'context',
  parts: [encodeContextPart({ kind: 'channels', name: '', channels: [channel] })],
});
say({ started: true, written });

while (written < wanted) {
  while (ledger.size() - receipted > AHEAD) await new Promise((resolve) => (wake = resolve));
  const block = { channels: [1], offsetsMs: [0], columns: [{ raw: [written], value: null, quality: 0 }] };
  await ledger.append({ kind: 'batch', body: { seed: random(16), baseWallMs: clock.wallMs(), blocks: [block] } });
  written += 1;
}
while (receipted < ledger.size()) await new Promise((resolve) => (wake = resolve));
say({ done: true, size: ledger.size() });
process.stdin.resume();
