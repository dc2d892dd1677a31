import type { Command } from 'commander';
import { dataOption } from '../data-dir.ts';
import { RemoteGateway } from '../door/remote-gateway.ts';
import { example, language, text } from '../language.ts';
import { renderLiveView } from '../terminal/live-view.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { Screen } from '../terminal/screen.ts';
import { untilSignal } from '../terminal/until-signal.ts';

const EVERY_MS = 1_000;

export function registerWatch(program: Command): void {
  program
    .command('watch')
    .summary(text('show what a running gateway sees', '显示运行中的网关'))
    .description(
      text(
        'Shows the live values, line use and receipts of the gateway that runs on a data directory. Values stand here only after they were sealed.',
        '显示运行中网关的实时值、总线占用和回执。数值在写入账本之后才会显示。',
      ),
    )
    .option(...dataOption)
    .option('--json', text('one JSON object per second', '每秒输出一个 JSON 对象'))
    .addHelpText('after', example('limpid watch --data /var/lib/limpid'))
    .action(async ({ data, json }: { data: string; json?: boolean }) => {
      const gateway = await RemoteGateway.open(data);
      const stop = new AbortController();
      void untilSignal().then(() => stop.abort());
      const screen = json === true || !process.stdout.isTTY ? null : new Screen(process.stdout);
      try {
        for await (const state of gateway.live(EVERY_MS, stop.signal)) {
          if (screen !== null) screen.draw(renderLiveView(state, language, screen.columns));
          else if (json === true) printJson(state);
          else printLine(`${renderLiveView(state, language).join('\n')}\n`);
        }
      } finally {
        screen?.close();
        gateway.close();
      }
    });
}
