import type { Command } from 'commander';
import { EmbeddedBroker } from '../demo/broker.ts';
import { untilSignal } from '../terminal/until-signal.ts';

/** Hidden: the demo's broker as a process of its own. */
export function registerBroker(program: Command): void {
  program
    .command('broker', { hidden: true })
    .option('--port <n>', 'TCP port on 127.0.0.1', Number, 0)
    .action(async ({ port }: { port: number }) => {
      const ended = untilSignal();
      const broker = new EmbeddedBroker(port);
      await broker.start();
      process.stdout.write(`${JSON.stringify({ msg: 'ready', port: broker.port })}\n`);
      await ended;
      await broker.stop();
    });
}
