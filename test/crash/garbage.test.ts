import { isLimpidError } from '@limpid/sdk/core';
import {
  createNodeSuite,
  Ledger,
  type LedgerItem,
  openLedgerDirectory,
  verifyDirectory,
} from '@limpid/sdk/ledger/store';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { batchDraft, collect, contextDraft, sampleChannels } from '../support/ledger-kit.ts';
import { SimDisk } from '../support/sim-disk.ts';

const suite = createNodeSuite();
const DIR = '/data/plant';
const PATH = `${DIR}/ledger/0000000000000000.seg`;
const RUNS = process.env.CRASH_ROUNDS === undefined ? 150 : 5000;
/** the last flush holds this many entries; those before it were acknowledged for certain */
const LAST_FLUSH = 3;

let disk: SimDisk;
let clock: FakeClock;
let bytes: Uint8Array;
let items: LedgerItem[];
/** behind the last item */
let end: number;
let ledger: Ledger;

function depsOf(files: SimDisk, pid: number) {
  const processes = {
    self: () => ({ pid, startTime: '1' }),
    startTimeOf: async () => null,
    osBootId: () => clock.bootId,
  };
  return { files, clock, suite, processes, random: (count: number) => new Uint8Array(count).fill(7) };
}

beforeAll(async () => {
  disk = new SimDisk();
  clock = new FakeClock();
  ledger = await Ledger.open(DIR, depsOf(disk, 1), { growBytes: 4096 });
  await ledger.append(contextDraft(sampleChannels(2)));
  for (let salt = 0; salt < 5; salt += 1) await ledger.append(batchDraft(2, { salt }));
  await Promise.all([5, 6, 7].map((salt) => ledger.append(batchDraft(2, { salt }))));
  items = await collect(ledger.items(0));
  bytes = await disk.readFile(PATH);
  end = bytes.findLastIndex((byte) => byte !== 0) + 1;
});

/** The disk as a kill leaves it, with other bytes in the segment. */
async function diskWith(changed: Uint8Array): Promise<SimDisk> {
  const copy = disk.afterCrash('all');
  const file = await copy.open(PATH, 'write');
  await file.truncate(0);
  if (changed.length > 0) file.writeAt(changed, 0);
  await file.sync();
  await file.close();
  return copy;
}

/** Opens or says LEDGER_DAMAGED; either way no entry comes back other than it was. Returns how many came back. */
async function expectHonest(changed: Uint8Array): Promise<{ same: number; refused: boolean; told: boolean }> {
  const copy = await diskWith(changed);
  const report = await verifyDirectory(DIR, { files: copy, suite, key: ledger.key });
  expect([0, 1, 2, 4, 5]).toContain(report.exitCode);
  clock.wall += 1000; // a ledger that is begun anew is another one
  let told = report.exitCode !== 0;
  let refused = false;
  try {
    const again = await Ledger.open(DIR, depsOf(copy, 2), { growBytes: 4096 });
    told ||= again.opening.damage.length > 0 || again.opening.cutBytes > 0;
    await again.append(batchDraft(2)).catch((fault: unknown) => {
      if (!isLimpidError(fault, 'ENTRY_MALFORMED')) throw fault; // the context was in what was cut
    });
    await again.close();
  } catch (fault) {
    if (!isLimpidError(fault, 'LEDGER_DAMAGED')) throw fault;
    refused = true;
    expect([...changed.subarray(0, end)]).toEqual([...(await copy.readFile(PATH)).subarray(0, end)]);
  }
  expect(copy.openHandles).toBe(0);
  let same = 0;
  try {
    const view = await openLedgerDirectory(DIR, copy, suite);
    for (const { seq, entryBytes } of items) {
      const found = await view.read(seq).catch((fault: unknown) => {
        if (!isLimpidError(fault)) throw fault;
        return null;
      });
      if (found !== null && Buffer.from(found.entryBytes).equals(entryBytes)) same += 1;
    }
  } catch (fault) {
    if (!isLimpidError(fault)) throw fault;
  }
  return { same, refused, told };
}

const acknowledged = () => items.length - LAST_FLUSH;

describe('a segment with other bytes in it', () => {
  it('that ends anywhere keeps every entry before the cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (at) => {
        const { refused, same } = await expectHonest(bytes.slice(0, at % bytes.length));
        expect(refused).toBe(false);
        if (at % bytes.length >= end) expect(same).toBe(items.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('of which any byte is flipped loses at most that entry, or the last flush, and never in silence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = bytes.slice();
        changed[at % end]! ^= mask;
        const { same, refused, told } = await expectHonest(changed);
        expect(told || refused).toBe(true);
        if (at % end > 200) expect(same).toBeGreaterThanOrEqual(acknowledged() - 1);
      }),
      { numRuns: RUNS },
    );
  });

  it('over which garbage or zeros were written is never believed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 1500 }),
          fc.nat({ max: 1500 }).map((n) => new Uint8Array(n + 1)),
        ),
        async (at, garbage) => {
          const changed = bytes.slice();
          const from = at % end;
          changed.set(garbage.subarray(0, changed.length - from), from);
          const { same } = await expectHonest(changed);
          expect(same).toBeLessThanOrEqual(items.length);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('that is garbage from the first byte on is kept aside for whoever asks', async () => {
    const changed = bytes.slice().map((byte) => byte ^ 0x55);
    const copy = await diskWith(Uint8Array.of(...changed.subarray(0, end), ...bytes.subarray(end)));
    const again = await Ledger.open(DIR, depsOf(copy, 2), { growBytes: 4096 });
    expect(again.opening).toMatchObject({ created: true, cutBytes: end, cuts: [{ plain: false, seq: 0, offset: 0 }] });
    await again.close();
    const aside = await copy.readFile(`${DIR}/ledger/cut-0-at-0.bin`);
    expect([...aside.subarray(0, end)]).toEqual([...changed.subarray(0, end)]);
  });

  it('that is garbage from the first byte to the last is refused or begun anew, never read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4000 }), async (garbage) => {
        expect((await expectHonest(garbage)).same).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });
});
