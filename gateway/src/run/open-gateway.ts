import { createSystemClock, LimpidError, systemRandom } from '@limpid/sdk/core';
import { createNodeFiles, createNodeSuite, createProcessTable, Ledger } from '@limpid/sdk/ledger/store';
import { WallStateWatch } from '../clock/wall-state.ts';
import type { requireSite } from '../site-file.ts';
import { assemble } from './assembly.ts';
import { Gateway } from './gateway.ts';
import { faultFields, type Logger } from './log.ts';
import { loadRefusals } from './refusal-file.ts';

const MIB = 2 ** 20;

/** Opens the ledger (lock, recovery, boot event) and builds the gateway around it; nothing is polled yet. */
export async function openGateway(
  { site, profiles, directory }: ReturnType<typeof requireSite>,
  dataDir: string,
  log: Logger,
  onFatal: (fault: unknown) => void,
): Promise<Gateway> {
  const wallState = new WallStateWatch({ maximumErrorMs: site.clock.maximumErrorMs });
  await wallState.start();
  const clock = createSystemClock({ wallState: wallState.state });
  const { segmentMiB, quotaMiB } = site.ledger;
  const [files, suite] = [createNodeFiles(), createNodeSuite()];
  const ledger = await Ledger.open(
    dataDir,
    { files, suite, clock, processes: await createProcessTable(), random: systemRandom.bytes },
    { segmentBytes: segmentMiB * MIB, ...(quotaMiB !== undefined && { quotaBytes: quotaMiB * MIB }) },
  );
  logOpening(ledger, log);
  const assembly = assemble(site, {
    ...{ clock, random: systemRandom.fraction, refusals: await loadRefusals(dataDir, files) },
    profileOf: (id) => profiles.get(id)!,
  });
  return new Gateway({
    site,
    siteDir: directory,
    dataDir,
    ledger,
    assembly,
    clock,
    wallState,
    files,
    suite,
    log,
    onFatal,
  });
}

function logOpening({ opening, id }: Ledger, log: Logger): void {
  const { created, start, cutBytes, damage } = opening;
  log.info({ ledger: id, created, start, cutBytes }, created ? 'new ledger' : 'ledger opened');
  for (const place of damage) log.error(faultFields(new LimpidError('LEDGER_DAMAGED', { ...place })), 'ledger damaged');
}
