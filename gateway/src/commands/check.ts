import { createSystemClock, systemRandom } from '@limpid/sdk/core';
import type { Command } from 'commander';
import { example, text } from '../language.ts';
import { assemble } from '../run/assembly.ts';
import { readSiteFile, type SiteFile, showFaults } from '../site-file.ts';
import { printJson, printLine } from '../terminal/output.ts';

export function registerCheck(program: Command): void {
  program
    .command('check')
    .argument('<site.yaml>')
    .summary(text('find every fault in a site file', '检查站点文件'))
    .description(
      text(
        'Finds every fault of a site file at once and prints them as file:line:column code message. Exit 0 when there is none (warnings do not count), 2 otherwise. Opens no line.',
        '一次列出站点文件的全部错误：文件:行:列 代码 说明。没有错误时退出码为 0（警告不计），否则为 2。不打开任何总线。',
      ),
    )
    .option('--json', text('one JSON object per fault', '每个错误输出一个 JSON 对象'))
    .addHelpText('after', example('limpid check site.yaml'))
    .action((file: string, { json }: { json?: boolean }) => {
      const found = readSiteFile(file);
      if (json === true) printFaultsAsJson(found);
      else process.stdout.write(showFaults(found.faults));
      if (found.site === null) process.exitCode = 2;
      else if (json !== true) printPlan({ ...found, site: found.site });
    });
}

function printFaultsAsJson({ faults }: SiteFile): void {
  for (const { file, line, column, code, severity, message } of faults) {
    printJson({ file, line, column, code, severity, en: message('en'), zh: message('zh') });
  }
}

/** What the gateway will do on the wire: how many requests a scan of each device takes. */
function printPlan({ site, profiles }: SiteFile & { site: NonNullable<SiteFile['site']> }): void {
  const profileOf = (id: string) => profiles.get(id)!;
  const { devices, channels } = assemble(site, {
    clock: createSystemClock(),
    random: systemRandom.fraction,
    profileOf,
  });
  for (const { name, config, reader } of devices) {
    const reads = reader.plan();
    const registers = reads.reduce((sum, { count }) => sum + count, 0);
    printLine(
      text(
        `${name}: ${reads.length} requests, ${registers} registers, every ${config.pollEveryMs} ms on ${config.line}`,
        `${name}：${reads.length} 个请求，${registers} 个寄存器，每 ${config.pollEveryMs} ms，总线 ${config.line}`,
      ),
    );
  }
  printLine(text(`${channels.length} channels; good`, `${channels.length} 个通道；配置正确`));
}
