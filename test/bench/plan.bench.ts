import { it } from 'vitest';
import { run } from './plan.ts';

it('plans reads by the cost of the line', async () => {
  await run();
});
