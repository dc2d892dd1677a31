// `limpid collect` as a process that may be killed at any moment.
import { Command } from 'commander';
import { registerCollect } from '../../gateway/dist/commands/collect.js';

const program = new Command();
registerCollect(program);
await program.parseAsync(['node', 'limpid', 'collect', ...process.argv.slice(2)]);
