import { CLOCK_STATES, type Clock, LimpidError } from '@limpid/sdk/core';
import type { Detail, EventName } from '@limpid/sdk/ledger/seal';
import type { Ledger } from '@limpid/sdk/ledger/store';
import type { Site } from '@limpid/sdk/site';
import { isRecord } from '../door/protocol.ts';
import type { DoorOperation } from '../door/server.ts';
import type { LiveBoard } from '../readings/live-board.ts';
import { reportReading } from '../readings/reading-report.ts';
import { version } from '../version.ts';
import type { AppendQueue } from './append-queue.ts';
import type { Assembly } from './assembly.ts';
import type { Batcher } from './batcher.ts';
import { toDetail } from './context.ts';
import type { Forwarding } from './forwarding.ts';
import type { LineUse } from './line-use.ts';
import { readDevices } from './read-devices.ts';
import type { GatewayStatus } from './status.ts';

export interface DoorDeps {
  site: Site;
  ledger: Ledger;
  assembly: Assembly;
  forwarding: Forwarding;
  queue: AppendQueue;
  batcher: Batcher;
  board: LiveBoard;
  lineUses: readonly LineUse[];
  clock: Clock;
  startedAtMs: number;
}

const SHORTEST_LIVE_MS = 100;

/** What may be asked of a running gateway. Reading only: nothing here writes to a device. */
export function doorOperations(deps: DoorDeps): Record<string, DoorOperation> {
  return {
    status: async () => gatewayStatus(deps),
    values: async () => deps.board.values(),
    live: ({ params, signal }) => live(deps, numberIn(params, 'everyMs', 1_000), signal),
    event: async ({ params }) => {
      const { seq } = await deps.batcher.event(...eventIn(params));
      return { seq };
    },
    follow: ({ params, signal }) => follow(deps.ledger, numberIn(params, 'from', deps.ledger.size()), signal),
    read: async ({ params, signal }) => {
      const polls = await readDevices(deps.assembly, namesIn(params, 'devices'), signal);
      return polls.flatMap(({ readings }) => readings.map((reading) => reportReading(reading, null)));
    },
  };
}

function gatewayStatus(deps: DoorDeps): GatewayStatus {
  const { ledger, clock, site } = deps;
  const { state, errorMs } = clock.wallState();
  return {
    site: site.site.name,
    version,
    time: new Date(clock.wallMs()).toISOString(),
    startedAt: new Date(deps.startedAtMs).toISOString(),
    ledger: { id: ledger.id, size: ledger.size(), firstSeq: ledger.firstSeq(), sizeBytes: ledger.usedBytes() },
    batchEveryS: site.ledger.batchEveryS,
    clock: { state: clockStateName(state), errorMs },
    lines: deps.lineUses.map((use) => use.status()),
    uplinks: deps.forwarding.statuses(),
    waiting: deps.queue.waiting,
  };
}

function clockStateName(state: number): string {
  return Object.entries(CLOCK_STATES).find(([, number]) => number === state)?.[0] ?? String(state);
}

async function* live(deps: DoorDeps, everyMs: number, signal: AbortSignal): AsyncGenerator<unknown> {
  const { clock, board } = deps;
  let dueMonoMs = clock.monoMs();
  while (!signal.aborted) {
    yield { status: gatewayStatus(deps), values: board.values() };
    dueMonoMs = Math.max(dueMonoMs + Math.max(SHORTEST_LIVE_MS, everyMs), clock.monoMs());
    try {
      await clock.waitUntil(dueMonoMs, signal);
    } catch {
      return; // the reader went away
    }
  }
}

/** The signed entries as they become durable, from a sequence on: with the bytes that anybody can verify. */
async function* follow(ledger: Ledger, from: number, signal: AbortSignal): AsyncGenerator<unknown> {
  for await (const { seq, entry, entryBytes, body } of ledger.items(from, { follow: true, signal })) {
    const time = new Date(entry.prefix.wallMs).toISOString();
    yield { seq, kind: entry.kind, time, entry: entryBytes, body };
  }
}

/** What people tell a running gateway; everything else it finds out itself. */
const TOLD_EVENTS = ['ticket', 'mode', 'calibration'] as const satisfies EventName[];

function eventIn(params: unknown): [event: EventName, detail: Detail] {
  const { event, detail } = isRecord(params) ? params : {};
  const known = TOLD_EVENTS.find((name) => name === event);
  if (known === undefined) throw new LimpidError('USAGE', { detail: `event must be one of ${TOLD_EVENTS.join(', ')}` });
  if (!isRecord(detail)) throw new LimpidError('USAGE', { detail: 'detail must be an object' });
  return [known, toDetail(detail)];
}

function numberIn(params: unknown, name: string, otherwise: number): number {
  const value = isRecord(params) ? params[name] : undefined;
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new LimpidError('USAGE', { detail: `${name} must be a whole number` });
}

function namesIn(params: unknown, name: string): string[] {
  const value = isRecord(params) ? (params[name] ?? []) : [];
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  throw new LimpidError('USAGE', { detail: `${name} must be a list of names` });
}
