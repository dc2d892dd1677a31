import { readFileSync } from 'node:fs';
import { isLimpidError } from '@limpid/sdk/core';
import { Command, CommanderError } from 'commander';
import { language, text } from './commands/language.ts';
import { registerList } from './commands/list.ts';
import { registerRun } from './commands/run.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('limpid-sim')
  .description(text('Simulated analysers and meters that speak the real wire', '在真实总线上应答的模拟分析仪与流量计'))
  .version(version)
  .option('--lang <language>', text('en or zh; otherwise by the locale', 'en 或 zh；默认依据系统语言'))
  .addHelpText('after', `\n${text('Example', '示例')}:\n  limpid-sim run demo`)
  .exitOverride()
  .showHelpAfterError(text('(see --help)', '（请查看 --help）'));

registerList(program);
registerRun(program);

/** Usage faults exit with 2, as every other bad input; help and version with 0. */
try {
  await program.parseAsync();
} catch (fault) {
  process.exitCode = report(fault);
}

function report(fault: unknown): number {
  if (fault instanceof CommanderError) return fault.exitCode === 0 ? 0 : 2;
  if (!isLimpidError(fault)) throw fault;
  process.stderr.write(`${fault.code} ${fault.describe(language)}\n`);
  return fault.exitCode;
}
