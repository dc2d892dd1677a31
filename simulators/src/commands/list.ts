import type { Command } from 'commander';
import { listScenarios, loadScenario } from '../scenario/load-scenario.ts';
import { language, text } from './language.ts';

export function registerList(program: Command): void {
  program
    .command('list')
    .description(text('Show the scenarios that ship with the simulator', '列出内置场景'))
    .option('--json', text('one JSON array', '输出一个 JSON 数组'))
    .addHelpText('after', `\n${text('Example', '示例')}:\n  limpid-sim list\n  limpid-sim list --json`)
    .action(({ json }: { json?: boolean }) => {
      const rows = listScenarios().map(loadScenario).map(describe);
      if (json) return void process.stdout.write(`${JSON.stringify(rows)}\n`);
      for (const { name, title, devices } of rows) {
        process.stdout.write(`${name.padEnd(16)}${title}\n${''.padEnd(16)}${devices.join(', ')}\n`);
      }
    });
}

function describe({ name, title, devices }: ReturnType<typeof loadScenario>) {
  const listed = Object.entries(devices).map(([device, { profile }]) => `${device} (${profile})`);
  return { name, title: title[language], devices: listed };
}
