import type { Clock } from '@limpid/sdk/core';
import { type Detail, EVENT_CODES } from '@limpid/sdk/ledger/seal';
import type { Draft, LedgerReader } from '@limpid/sdk/ledger/store';

/**
 * The gap between the run before and this one, as an event that explains it: from the last entry before the boot event
 * to now. The cause is a claim, and says no more than is known: `stopped` after a stop event, `restart` within one OS
 * boot, `power` where the machine itself was started anew. null for a new ledger.
 */
export async function outageGap(ledger: LedgerReader, clock: Clock): Promise<Draft | null> {
  const boot = await newestBoot(ledger);
  const before = Number(boot?.previousSeq ?? -1);
  if (boot === null || before < ledger.firstSeq()) return null;
  const { entry } = await ledger.read(before);
  const cause = boot.clean === true ? 'stopped' : (await sameOsBoot(ledger, before, clock)) ? 'restart' : 'power';
  const detail = { cause, fromWallMs: entry.prefix.wallMs, toWallMs: Math.round(clock.wallMs()), expected: null };
  return { kind: 'event', event: 'gap', detail };
}

/** The boot event of this start is among the newest entries: only clock and repair events can follow it. */
async function newestBoot(ledger: LedgerReader): Promise<Record<string, Detail> | null> {
  for (let seq = ledger.size() - 1; seq >= ledger.firstSeq(); seq -= 1) {
    const { entry } = await ledger.read(seq);
    if (entry.kind === 'event' && entry.code === EVENT_CODES.boot) return asMap(entry.detail);
  }
  return null;
}

async function sameOsBoot(ledger: LedgerReader, before: number, clock: Clock): Promise<boolean> {
  const bootBefore = await bootOfRun(ledger, before);
  const id = clock.osBootId();
  return id !== '' && bootBefore?.osBoot === id;
}

/** The boot event of the run that entry `seq` belongs to. Start counts only grow, so a long run costs few reads. */
async function bootOfRun(ledger: LedgerReader, seq: number): Promise<Record<string, Detail> | null> {
  const { start } = (await ledger.read(seq)).entry.prefix;
  let [first, last] = [ledger.firstSeq(), seq];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if ((await ledger.read(middle)).entry.prefix.start < start) first = middle + 1;
    else last = middle;
  }
  // the first run begins with its key
  for (const { entry } of [await ledger.read(first), await ledger.read(Math.min(first + 1, seq))]) {
    if (entry.kind === 'event' && entry.code === EVENT_CODES.boot) return asMap(entry.detail);
  }
  return null;
}

function asMap(detail: Detail): Record<string, Detail> | null {
  if (typeof detail !== 'object' || detail === null) return null;
  return Array.isArray(detail) || detail instanceof Uint8Array ? null : detail;
}
