import { Command, CommanderError } from 'commander';
import { registerBroker } from './commands/broker.ts';
import { registerCheck } from './commands/check.ts';
import { registerCollect } from './commands/collect.ts';
import { registerDemo } from './commands/demo.ts';
import { registerKeys } from './commands/keys.ts';
import { registerRead } from './commands/read.ts';
import { registerRun } from './commands/run.ts';
import { registerVerify } from './commands/verify.ts';
import { registerWatch } from './commands/watch.ts';
import { text } from './language.ts';
import { reportFault } from './terminal/report-fault.ts';
import { version } from './version.ts';

const program = new Command('limpid')
  .description(text('An emissions data logger that anybody can check', '人人可以核验的排放数据采集仪'))
  .version(version)
  .option('--lang <language>', text('en or zh; otherwise by the locale', 'en 或 zh；默认依据系统语言'))
  .exitOverride()
  .showHelpAfterError(text('(see --help)', '（请查看 --help）'));

for (const register of [
  registerCheck,
  registerRun,
  registerRead,
  registerWatch,
  registerVerify,
  registerCollect,
  registerDemo,
  registerKeys,
  registerBroker,
]) {
  register(program);
}

/** Usage faults exit with 2, as every other bad input; help and version with 0. */
try {
  await program.parseAsync();
} catch (fault) {
  if (fault instanceof CommanderError) process.exitCode = fault.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportFault(fault);
}
