import type { Poll } from '@limpid/sdk/acquire';
import { createSystemClock, isLimpidError, QUALITIES, qualityText, settleAll, systemRandom } from '@limpid/sdk/core';
import type { Command } from 'commander';
import { dataOption } from '../data-dir.ts';
import { RemoteGateway } from '../door/remote-gateway.ts';
import { example, language, text } from '../language.ts';
import { type ReadingReport, reportReading } from '../readings/reading-report.ts';
import { assemble } from '../run/assembly.ts';
import { readDevices } from '../run/read-devices.ts';
import { requireSite } from '../site-file.ts';
import { padEnd, padStart } from '../terminal/columns.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { untilSignal } from '../terminal/until-signal.ts';

export function registerRead(program: Command): void {
  program
    .command('read')
    .argument('<site.yaml>')
    .argument('[device...]', text('devices to read; all by default', '要读取的仪器；默认全部'))
    .summary(text('poll devices once', '读取一次'))
    .description(
      text(
        'Polls devices once and prints their readings; nothing is sealed. If a gateway runs on the data directory, it is asked, since it owns the lines; otherwise the lines are opened. Exit 1 when a device did not answer.',
        '读取仪器一次并显示，不写入账本。若数据目录上有网关在运行，则由其读取；否则直接打开总线。有仪器无应答时退出码为 1。',
      ),
    )
    .option(...dataOption)
    .option('--json', text('one JSON object per reading', '每个读数输出一个 JSON 对象'))
    .addHelpText('after', example('limpid read site.yaml cems --json'))
    .action(async (file: string, devices: string[], { data, json }: { data: string; json?: boolean }) => {
      const siteFile = requireSite(file);
      const reports = (await readThroughGateway(siteFile, data, devices)) ?? (await readDirectly(siteFile, devices));
      for (const report of reports) {
        if (json === true) printJson(withoutSeal(report));
        else printLine(renderReport(report));
      }
      const silent = reports.some(({ raw }) => raw === null);
      if (silent) process.exitCode = 1;
    });
}

type SiteFile = ReturnType<typeof requireSite>;

/** null when no gateway runs there, or one of another site. */
async function readThroughGateway(
  { site }: SiteFile,
  data: string,
  devices: readonly string[],
): Promise<ReadingReport[] | null> {
  let gateway: RemoteGateway;
  try {
    gateway = await RemoteGateway.open(data);
  } catch (fault) {
    if (isLimpidError(fault, 'DOOR_ABSENT')) return null;
    throw fault;
  }
  try {
    const { site: running } = await gateway.status();
    return running === site.site.name ? await gateway.read(devices) : null;
  } finally {
    gateway.close();
  }
}

async function readDirectly({ site, profiles }: SiteFile, names: readonly string[]): Promise<ReadingReport[]> {
  const clock = createSystemClock();
  const assembly = assemble(site, { clock, random: systemRandom.fraction, profileOf: (id) => profiles.get(id)! });
  const stop = new AbortController();
  void untilSignal().then(() => stop.abort());
  try {
    await Promise.all(assembly.lines.map((line) => line.start(stop.signal)));
    const polls = await readDevices(assembly, names, stop.signal);
    reportFaults(polls);
    return polls.flatMap(({ readings }) => readings.map((reading) => reportReading(reading, null)));
  } finally {
    await settleAll(assembly.lines.map((line) => () => line.stop()));
  }
}

function reportFaults(polls: readonly Poll[]): void {
  for (const { device, fault } of polls) {
    if (fault !== null) process.stderr.write(`${device}: ${fault.code} ${fault.describe(language)}\n`);
  }
}

/** `seq` says where a reading stands in the ledger; these stand in none. */
function withoutSeal({ seq, text: exact, ...report }: ReadingReport): object {
  return { ...report, exact, sealed: seq !== null };
}

function renderReport({ device, channel, code, text: value, unit, quality, raw }: ReadingReport): string {
  const name = `${padEnd(device, 12)} ${padEnd(channel, 22)} ${padEnd(code, 8)}`;
  const words = raw === null ? '' : `   [${raw}]`;
  return `${name} ${padStart(value ?? '–', 14)} ${padEnd(unit, 8)} ${qualityText(QUALITIES[quality], language)}${words}`;
}
