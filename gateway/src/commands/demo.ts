import { resolve } from 'node:path';
import { createSystemClock, wait } from '@limpid/sdk/core';
import { type Command, InvalidArgumentError } from 'commander';
import { compareCopies } from '../demo/compare-copies.ts';
import { Demo } from '../demo/demo.ts';
import { example, language, text } from '../language.ts';
import { type LiveState, renderLiveView } from '../terminal/live-view.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { Screen } from '../terminal/screen.ts';
import { untilSignal } from '../terminal/until-signal.ts';
import { renderReport } from '../verification/render-report.ts';

const EVERY_MS = 1_000;

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .summary(text('the whole path on simulated instruments', '在模拟仪器上运行整条链路'))
    .description(
      text(
        'Starts simulated instruments (Modbus TCP and a paced serial line), an embedded broker, a collector and a gateway as separate processes, and shows what the gateway sees. Ends on Ctrl-C or after --for with a verification of the ledger and of the collector’s copy; exit 0 only if both verify and agree.',
        '以独立进程启动模拟仪器（Modbus TCP 和限速串口）、内置代理、接收端和网关，并显示网关的数据。按 Ctrl-C 或到达 --for 时间后，核验账本和接收端镜像；两者均通过且一致时退出码为 0。',
      ),
    )
    .option('--for <duration>', text('how long, as 20s or 5m', '运行时间，例如 20s 或 5m'), toMilliseconds)
    .option(
      '--data <dir>',
      text('keep everything here; a fresh temporary folder by default', '数据目录；默认新建临时目录'),
      (value) => resolve(value),
    )
    .addHelpText('after', example('limpid demo --for 20s'))
    .action(async ({ for: forMs, data }: { for?: number; data?: string }) => {
      const demo = new Demo(data ?? null);
      // A terminal that is closed takes the demo with it, but not its processes, which are not of its group.
      const ended = untilSignal(['SIGHUP']);
      try {
        await demo.start();
        await Promise.race([show(demo, ended, forMs), demo.failed()]);
      } finally {
        await demo.stop();
      }
      process.exitCode = await conclude(demo);
    });
}

/** One page per second at a terminal, one JSON object per second elsewhere. */
async function show(demo: Demo, ended: Promise<void>, forMs: number | undefined): Promise<void> {
  const stop = new AbortController();
  void ended.then(() => stop.abort());
  if (forMs !== undefined)
    void wait(createSystemClock(), forMs, stop.signal).then(
      () => stop.abort(),
      () => {},
    );
  const gateway = await demo.connect();
  const screen = process.stdout.isTTY ? new Screen(process.stdout) : null;
  try {
    for await (const state of gateway.live(EVERY_MS, stop.signal)) {
      if (screen === null) printJson(summary(state));
      else screen.draw([...renderLiveView(state, language, screen.columns), '', hint(demo)]);
    }
  } finally {
    screen?.close();
    gateway.close();
  }
}

function hint({ places }: Demo): string {
  return text(
    `everything lies in ${places.root}; Ctrl-C ends and verifies`,
    `所有文件位于 ${places.root}；按 Ctrl-C 结束并核验`,
  );
}

function summary({ status, values }: LiveState): object {
  const { ledger, lines, uplinks } = status;
  return {
    time: status.time,
    entries: ledger.size,
    bytes: ledger.sizeBytes,
    lines: lines.map(({ name, usePercent, timeouts }) => ({ name, usePercent, timeouts })),
    receipts: uplinks.map(({ name, connected, receiptedSize }) => ({ name, connected, receiptedSize })),
    values: values
      .filter(({ code }) => code !== '')
      .map(({ outlet, code, value, unit, quality, seq }) => ({ outlet, code, value, unit, quality, seq })),
  };
}

/** Both copies verified with the keys that were exchanged beforehand, and compared. */
async function conclude(demo: Demo): Promise<number> {
  const { ledger, mirror, agree } = await compareCopies(demo.places);
  printLine(text("The gateway's ledger", '网关账本'));
  for (const line of renderReport(ledger)) printLine(line);
  printLine(text("The collector's mirror", '接收端镜像'));
  for (const line of renderReport(mirror)) printLine(line);
  printLine(
    agree
      ? text(`verified: both agree on ${mirror.size} entries`, `核验通过：两者 ${mirror.size} 个条目一致`)
      : text('the two do NOT agree', '两者不一致'),
  );
  printLine(text(`Everything is in ${demo.places.root}`, `所有文件位于 ${demo.places.root}`));
  return agree ? 0 : 1;
}

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

function toMilliseconds(value: string): number {
  const match = /^(\d+)(s|m|h)$/.exec(value);
  if (match === null) throw new InvalidArgumentError(text('write 20s, 5m or 1h', '应写作 20s、5m 或 1h'));
  return Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS];
}
