import { Command, CommanderError } from 'commander';
import { text } from './language.ts';
import { reportFault } from './terminal/report-fault.ts';
import { version } from './version.ts';

type Register = (program: Command) => void;

/** A command brings the rooms it needs into memory: only the one that is asked for is loaded, for help all of them. */
const COMMANDS: Record<string, () => Promise<Register>> = {
  check: async () => (await import('./commands/check.ts')).registerCheck,
  run: async () => (await import('./commands/run.ts')).registerRun,
  read: async () => (await import('./commands/read.ts')).registerRead,
  watch: async () => (await import('./commands/watch.ts')).registerWatch,
  verify: async () => (await import('./commands/verify.ts')).registerVerify,
  collect: async () => (await import('./commands/collect.ts')).registerCollect,
  demo: async () => (await import('./commands/demo.ts')).registerDemo,
  keys: async () => (await import('./commands/keys.ts')).registerKeys,
  broker: async () => (await import('./commands/broker.ts')).registerBroker,
};

const program = new Command('limpid')
  .description(text('An emissions data logger that anybody can check', '人人可以核验的排放数据采集仪'))
  .version(version)
  .option('--lang <language>', text('en or zh; otherwise by the locale', 'en 或 zh；默认依据系统语言'))
  .exitOverride()
  .showHelpAfterError(text('(see --help)', '（请查看 --help）'));

const asked = process.argv.slice(2).find((argument) => Object.hasOwn(COMMANDS, argument));
for (const [name, load] of Object.entries(COMMANDS)) {
  if (asked === undefined || asked === name) (await load())(program);
}

/** Usage faults exit with 2, as every other bad input, but for `verify`, where 2 is a verdict; help and version with 0. */
const USAGE_EXIT = asked === 'verify' ? 6 : 2;
try {
  await program.parseAsync();
} catch (fault) {
  if (fault instanceof CommanderError) process.exitCode = fault.exitCode === 0 ? 0 : USAGE_EXIT;
  else process.exitCode = reportFault(fault);
}
