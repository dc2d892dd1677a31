export { listBehaviours } from './behaviours/find-behaviour.ts';
export {
  type Command,
  DEVICE_STATES,
  type DeviceState,
  type Fault,
  parseCommand,
  showCommand,
} from './control/command.ts';
export { QUANTITIES, QUANTITY_NAMES, type Quantity } from './plant/quantity.ts';
export { listScenarios, loadScenario, type Scenario } from './scenario/load-scenario.ts';
export { type Endpoint, type RunningScenario, type StartOptions, startScenario } from './scenario/start-scenario.ts';
