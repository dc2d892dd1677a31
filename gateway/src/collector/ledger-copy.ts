import type { Mirror } from '@limpid/sdk/ledger/store';

/** A collector's copy of one ledger. `take` returns when what it reports as appended is durable. */
export type LedgerCopy = Pick<Mirror, 'ledger' | 'holding' | 'take' | 'close'>;
export type Holding = ReturnType<LedgerCopy['holding']>;
export type Taken = Awaited<ReturnType<LedgerCopy['take']>>;
export type Trouble = NonNullable<Taken['trouble']>;
