import {
  DEFAULT_EFFLUENT,
  deriveEffluent,
  type EffluentOptions,
  type EffluentState,
  startEffluent,
  stepEffluent,
} from './effluent.ts';
import type { Overrides, Quantity } from './quantity.ts';
import { DEFAULT_STACK, deriveStack, type StackOptions, type StackState, startStack, stepStack } from './stack.ts';

export interface PlantOptions {
  seed: number;
  /** time of day at which the scenario begins, s after midnight */
  timeOfDayS: number;
  stack?: Partial<StackOptions>;
  effluent?: Partial<EffluentOptions>;
}

export type PlantValues = Record<Quantity, number>;

/** Steps of this length, whoever asks and when: values depend on seed and time alone. */
export const STEP_S = 1;
/** Someone who looks again after a long suspension sees the plant go on, not days being replayed. */
const LONGEST_CATCH_UP_S = 86_400;

/**
 * Stack and effluent together, moved by whoever looks: no timer of its own. Time is seconds since the start of the
 * scenario.
 */
export class Plant {
  readonly #stackOptions: StackOptions;
  readonly #effluentOptions: EffluentOptions;
  readonly #set: Overrides = {};
  readonly #followers: ((values: PlantValues, atS: number) => void)[] = [];
  #stack: StackState;
  #effluent: EffluentState;
  #atS = 0;
  /** derived when somebody looks; null: not since the last change */
  #values: PlantValues | null = null;

  constructor(options: PlantOptions) {
    this.#stackOptions = { ...DEFAULT_STACK, ...options.stack };
    this.#effluentOptions = { ...DEFAULT_EFFLUENT, ...options.effluent };
    this.#stack = startStack(options);
    // a stream of its own, so that a change of one model leaves the other as it was
    this.#effluent = startEffluent(this.#effluentOptions, { ...options, seed: options.seed ^ 0x5eed });
  }

  get atS(): number {
    return this.#atS;
  }

  get values(): Readonly<PlantValues> {
    this.#values ??= this.#derive();
    return this.#values;
  }

  get overrides(): Readonly<Overrides> {
    return this.#set;
  }

  /** Calls `follower` after every step, first at once with the values of now. */
  follow(follower: (values: PlantValues, atS: number) => void): void {
    this.#followers.push(follower);
    follower(this.values, this.#atS);
  }

  /** Goes on in whole steps to `untilS`; earlier times are ignored. */
  advanceTo(untilS: number): void {
    if (untilS - this.#atS > LONGEST_CATCH_UP_S) this.#atS = Math.floor(untilS - LONGEST_CATCH_UP_S);
    while (this.#atS + STEP_S <= untilS) this.#step();
  }

  set(quantity: Quantity, value: number): void {
    this.#set[quantity] = value;
    this.#values = null;
  }

  release(quantity: Quantity): void {
    delete this.#set[quantity];
    this.#values = null;
  }

  #step(): void {
    this.#stack = stepStack(this.#stack, this.#stackOptions, STEP_S);
    this.#effluent = stepEffluent(this.#effluent, this.#effluentOptions, STEP_S, this.#set);
    this.#atS += STEP_S;
    this.#values = null;
    for (const follower of this.#followers) follower(this.values, this.#atS);
  }

  #derive(): PlantValues {
    return {
      ...deriveStack(this.#stack, this.#stackOptions, this.#set),
      ...deriveEffluent(this.#effluent, this.#effluentOptions, this.#set),
    };
  }
}
