import { randomBytes } from 'node:crypto';
import { isLimpidError } from '@limpid/sdk/core';
import {
  createNodeSuite,
  Ledger,
  type LedgerItem,
  Mirror,
  openLedgerDirectory,
  readPublicKeyFile,
  verifyDirectory,
} from '@limpid/sdk/ledger/store';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { batchDraft, collect, contextDraft, sampleChannels } from '../support/ledger-kit.ts';
import { chance, type DiskFault, SimDisk, type Survival } from '../support/sim-disk.ts';

const suite = createNodeSuite();
const DIR = '/data/plant';
const SMALL = { segmentBytes: 1800, growBytes: 700 };
const DAY_MS = 86_400_000;
/** CRASH_ROUNDS, the long form, lets every call end in every way and takes more chances */
const LONG = process.env.CRASH_ROUNDS !== undefined;

/** In how many ways the disk may be found after call `at`: by turns, or all of them. */
function survivalsOf(at: number): [string, Survival][] {
  const seeds = LONG ? [1, 2, 3, 4, 5, 6, 7, 8] : [at];
  const ways: [string, Survival][] = [
    ['all', 'all'],
    ['nothing', 'nothing'],
    ...seeds.map((seed): [string, Survival] => [`chance ${seed}`, chance(seed)]),
  ];
  return LONG ? ways : [ways[at % 3]!, ways[(at + 1) % 3]!];
}

interface Run {
  disk: SimDisk;
  clock: FakeClock;
  acknowledged: LedgerItem[];
  /** what retention was told that it may delete */
  mayBeGone: number;
}

function depsOf(disk: SimDisk, clock: FakeClock, start: number) {
  const self = { pid: start, startTime: String(start) };
  const processes = {
    self: () => self,
    startTimeOf: async (pid: number) => (pid === start ? self.startTime : null),
    osBootId: () => clock.bootId,
  };
  return { files: disk, clock, suite, processes, random: (bytes: number) => new Uint8Array(randomBytes(bytes)) };
}

/** Two starts with everything that touches the disk: key, context, groups, sealing, context change, retention. */
async function play(run: Run, attempt: <T>(step: () => Promise<T>) => Promise<T | undefined>): Promise<void> {
  const { disk, clock, acknowledged } = run;
  for (const start of [1, 2]) {
    const ledger = await attempt(() => Ledger.open(DIR, depsOf(disk, clock, start), SMALL));
    if (ledger === undefined) continue;
    const append = async (...args: Parameters<Ledger['append']>) => {
      const item = await ledger.append(...args);
      // a context that is in force already comes back without its body
      if (item.seq === ledger.size() - 1 || item.body !== null) acknowledged.push(item);
    };
    await attempt(() => append(contextDraft(sampleChannels(2))));
    for (let round = 0; round < 2; round += 1) {
      clock.wall += 1000;
      clock.mono += 1000;
      await attempt(() => append(batchDraft(2, { salt: round })));
      await attempt(() => settle([3, 4, 5].map((salt) => append(batchDraft(2, { salt })))));
    }
    await attempt(() => append(contextDraft(sampleChannels(2), `changed ${start}`)));
    await attempt(() => append(batchDraft(2, { salt: 9 })));
    clock.wall += 2 * DAY_MS;
    clock.mono += 2 * DAY_MS;
    // the second start deletes nothing, so that what a fault did to the first stays in sight
    if (start === 1) run.mayBeGone = ledger.size();
    await attempt(() => ledger.retain({ keepDays: 1, receiptedSize: start === 1 ? null : 0 }));
    await attempt(() => ledger.close());
  }
}

async function settle(tasks: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === 'rejected') throw result.reason;
}

function newRun(): Run {
  return { disk: new SimDisk(), clock: new FakeClock(), acknowledged: [], mayBeGone: 0 };
}

async function countCalls(): Promise<number> {
  const run = newRun();
  await play(run, (step) => step());
  expect(run.disk.openHandles).toBe(0);
  expect(run.acknowledged.length).toBeGreaterThan(15);
  return run.disk.calls;
}

function hex(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

/** Opens what is left, twice, writes to it, and compares it with what was acknowledged. */
async function expectWhole(disk: SimDisk, run: Run, name: string): Promise<void> {
  const clock = new FakeClock({ wallMs: run.clock.wall + 1000, monoMs: 5000 });
  clock.bootId = 'after';
  for (const start of [11, 12]) {
    const ledger = await Ledger.open(DIR, depsOf(disk, clock, start), SMALL);
    expect([name, ledger.opening.damage]).toEqual([name, []]);
    expect([name, ledger.opening.cuts.filter(({ plain }) => !plain)]).toEqual([name, []]);
    await ledger.append(contextDraft(sampleChannels(2)));
    run.acknowledged.push(await ledger.append(batchDraft(2, { salt: start })));
    expect([name, ledger.firstSeq() <= run.mayBeGone]).toEqual([name, true]);
    for (const { seq, entryBytes, body } of run.acknowledged) {
      if (seq < ledger.firstSeq()) continue;
      const found = await ledger.read(seq);
      expect([name, seq, hex(found.entryBytes), hex(found.body)]).toEqual([name, seq, hex(entryBytes), hex(body)]);
    }
    expect((await collect(ledger.items(ledger.firstSeq()))).length).toBe(ledger.size() - ledger.firstSeq());
    await ledger.close();
    expect([name, disk.openHandles]).toEqual([name, 0]);
    expect([name, (await disk.readdir(`${DIR}/ledger`)).filter((file) => file.startsWith('lock'))]).toEqual([name, []]);
    const report = await verifyDirectory(DIR, { files: disk, suite, key: ledger.key });
    expect([name, report.exitCode, report.findings]).toEqual([name, 0, []]);
  }
}

describe('a ledger', () => {
  it('is whole after a stop at any call, whatever of the unsynced survives', async () => {
    const calls = await countCalls();
    for (let stop = 1; stop <= calls; stop += 1) {
      const run = newRun();
      let stoppedAt = '';
      run.disk.rule = (call, step, path) => {
        if (call === stop) stoppedAt = `stop at call ${call}, ${step} ${path}`;
        return call >= stop ? 'EIO' : null;
      };
      await play(run, (step) => step().catch(() => undefined));
      for (const [survives, survival] of survivalsOf(stop)) {
        const after = { ...run, acknowledged: [...run.acknowledged] };
        await expectWhole(run.disk.afterCrash(survival), after, `${stoppedAt}, survives: ${survives}`);
      }
    }
  }, 300_000);

  const FAULTS: [string, DiskFault][] = [
    ['EIO', 'EIO'],
    ['ENOSPC', 'ENOSPC'],
    ['a short write', { shortBytes: 40 }],
    ['a write of nothing', { shortBytes: 0 }],
  ];
  it.each(FAULTS)(
    'is whole after one call was refused with %s and everything after it went on',
    async (_, fault) => {
      const calls = await countCalls();
      for (let at = 1; at <= calls; at += 1) {
        const run = newRun();
        let name = '';
        run.disk.rule = (call, step, path) => {
          if (call !== at || (typeof fault !== 'string' && step !== 'write')) return null;
          name = `call ${call}, ${step} ${path}`;
          return fault;
        };
        await play(run, (step) => step().catch(expectCode));
        if (name === '') continue;
        expect([name, run.disk.openHandles]).toEqual([name, 0]);
        for (const [survives, survival] of survivalsOf(at).slice(LONG ? 0 : 1)) {
          const after = { ...run, acknowledged: [...run.acknowledged] };
          await expectWhole(run.disk.afterCrash(survival), after, `${name}, survives: ${survives}`);
        }
      }
    },
    300_000,
  );
});

/** Whatever went wrong has a code, not just an errno. */
function expectCode(fault: unknown): undefined {
  if (!isLimpidError(fault)) throw fault;
}

describe('a mirror', () => {
  it('holds what it reported after a stop at any call, and takes the rest', async () => {
    const source = newRun();
    const ledger = await Ledger.open(DIR, depsOf(source.disk, source.clock, 1), SMALL);
    for (let round = 0; round < 3; round += 1) {
      await ledger.append(contextDraft(sampleChannels(2), `round ${round}`));
      await Promise.all([1, 2, 3].map((salt) => ledger.append(batchDraft(2, { salt }))));
    }
    const items = await collect(ledger.items(0));
    await ledger.close();
    const key = await readPublicKeyFile(`${DIR}/keys/ledger.pub.pem`, source.disk);
    const copy = async (disk: SimDisk, start: number, onHeld: (size: number) => void) => {
      const mirror = await Mirror.open(DIR, key, depsOf(disk, source.clock, start), SMALL);
      try {
        while (mirror.holding().size < items.length) {
          const from = mirror.holding().size;
          const taken = await mirror.take(items.slice(from, from + 1 + (from % 4)));
          expect(taken.trouble).toBeNull();
          onHeld(mirror.holding().size);
        }
      } finally {
        await mirror.close();
      }
    };
    const whole = new SimDisk();
    await copy(whole, 2, () => undefined);
    for (let stop = 1; stop <= whole.calls; stop += 1) {
      for (const once of [false, true]) {
        const disk = new SimDisk();
        let [held, name] = [0, ''];
        disk.rule = (call, step, path) => {
          if (call === stop) name = `${once ? 'fault' : 'stop'} at call ${call}, ${step} ${path}`;
          return call === stop || (call > stop && !once) ? 'EIO' : null;
        };
        await copy(disk, 2, (size) => {
          held = size;
        }).catch(() => undefined);
        for (const [survives, survival] of survivalsOf(stop)) {
          const revived = disk.afterCrash(survival);
          const mirror = await Mirror.open(DIR, key, depsOf(revived, source.clock, 3), SMALL);
          expect([name, survives, mirror.holding().size >= held]).toEqual([name, survives, true]);
          await mirror.close();
          await copy(revived, 4, () => undefined);
          expect([name, revived.openHandles]).toEqual([name, 0]);
          const report = await verifyDirectory(DIR, { files: revived, suite, key });
          expect([name, survives, report.exitCode, report.findings]).toEqual([name, survives, 0, []]);
          const view = await openLedgerDirectory(DIR, revived, suite);
          expect(view.size()).toBe(items.length);
        }
      }
    }
  }, 300_000);
});
