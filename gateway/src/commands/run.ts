import type { Command } from 'commander';
import { dataOption } from '../data-dir.ts';
import { example, text } from '../language.ts';
import { createLogger, faultFields } from '../run/log.ts';
import { openGateway } from '../run/open-gateway.ts';
import { requireSite } from '../site-file.ts';
import { reportFault } from '../terminal/report-fault.ts';
import { untilSignal } from '../terminal/until-signal.ts';

export function registerRun(program: Command): void {
  program
    .command('run')
    .argument('<site.yaml>')
    .summary(text('run the gateway', '运行网关'))
    .description(
      text(
        'Polls, seals, keeps and forwards until SIGTERM or Ctrl-C. Logs one JSON object per line; the message "ready" says that readings are being taken. Ends with exit 1 when the ledger cannot be written any more, so that the service manager starts it again and it recovers.',
        '轮询、签名、保存并转发，直到 SIGTERM 或 Ctrl-C。日志每行一个 JSON 对象，消息 "ready" 表示已开始采集。账本无法继续写入时以退出码 1 结束，由服务管理器重启并恢复。',
      ),
    )
    .option(...dataOption)
    .addHelpText('after', example('limpid run /etc/limpid/site.yaml --data /var/lib/limpid'))
    .action(async (file: string, { data }: { data: string }) => {
      const siteFile = requireSite(file);
      const ended = untilSignal();
      const log = createLogger();
      let fail: (fault: unknown) => void = () => {};
      const failed = new Promise<unknown>((resolve) => {
        fail = resolve;
      });
      const gateway = await openGateway(siteFile, data, log, fail);
      // A start that fails ends as everything fatal does: what was already opened is closed.
      await gateway
        .start()
        .then(() => log.info({ data, ledger: gateway.ledgerId, entries: gateway.size() }, 'ready'), fail);
      const fault = await Promise.race([failed, ended]);
      if (fault !== undefined) log.fatal(faultFields(fault), 'ending');
      await gateway.stop();
      log.info({ entries: gateway.size() }, 'stopped');
      if (fault !== undefined) process.exitCode = reportFault(fault);
    });
}
