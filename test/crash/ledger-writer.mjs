// Appends batches as fast as the disk takes them and prints each acknowledged sequence. Runs from dist, as a process of
// its own that can be killed: node ledger-writer.mjs DIR [channels] [in hand] [segment bytes]
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { CLOCK_SOURCES, CLOCK_STATES, UNSCALED } from '@limpid/sdk/core';
import { encodeContextPart } from '@limpid/sdk/ledger/seal';
import { createNodeFiles, createNodeSuite, createProcessTable, Ledger } from '@limpid/sdk/ledger/store';

const [dir, channelCount = '6', inHand = '3', segmentBytes = '65536'] = process.argv.slice(2);
const channels = Array.from({ length: Number(channelCount) }, (_, id) => ({
  id,
  device: 'cems',
  name: `value${id}`,
  code: 'a21026',
  outlet: 'DA001',
  unit: 'mg/m3',
  fn: 3,
  address: id,
  words: 1,
  type: 'u16',
  order: 'ABCD',
  scale: UNSCALED,
  exponent: 0,
  basis: { moisture: 'none', state: 'none', referenceDegC: null },
  range: null,
  disclosure: 'public',
}));

let round = 0;
// A batch a second of its own time, so that the verifier's rules about silence have something to judge.
const startedMs = Date.now();
const clock = {
  wallMs: () => startedMs + round * 1000,
  monoMs: () => 1_000_000 + round * 1000,
  wallState: () => ({ state: CLOCK_STATES.synchronised, errorMs: 5, source: CLOCK_SOURCES.ntp }),
  osBootId: () => `writer-${process.pid}`,
};

const ledger = await Ledger.open(
  dir,
  {
    files: createNodeFiles(),
    clock,
    suite: createNodeSuite(),
    processes: await createProcessTable(),
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  },
  { segmentBytes: Number(segmentBytes), growBytes: 16_384 },
);
await ledger.append({
  kind: 'context',
  parts: [encodeContextPart({ kind: 'channels', name: '', channels })],
});

function draft() {
  round += 1;
  return {
    kind: 'batch',
    body: {
      seed: new Uint8Array(0),
      baseWallMs: clock.wallMs(),
      blocks: [
        {
          channels: channels.map(({ id }) => id),
          offsetsMs: [0],
          columns: channels.map(({ id }) => ({ raw: [(round * 31 + id * 7) % 60_000], value: null, quality: 0 })),
        },
      ],
    },
  };
}

// each hand appends its next batch when the one before is acknowledged, so groups of several items form
async function hand() {
  for (;;) {
    const { seq } = await ledger.append(draft());
    writeSync(1, `${seq}\n`);
  }
}
await Promise.all(Array.from({ length: Number(inHand) }, hand));
