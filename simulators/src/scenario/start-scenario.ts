import { type Clock, createSystemClock, isLimpidError, type Language, settleAll } from '@limpid/sdk/core';
import { findBehaviour } from '../behaviours/find-behaviour.ts';
import { parseCommand, showCommand } from '../control/command.ts';
import { type ControlledDevice, type ControlledLine, Controller } from '../control/controller.ts';
import { FaultBoard } from '../control/fault-board.ts';
import { SimulatedDevice } from '../device.ts';
import { Chance } from '../plant/chance.ts';
import { Plant } from '../plant/plant.ts';
import { loadScenario, type Scenario } from './load-scenario.ts';
import { adapt, type OpenWire, openWire, type Place, type WireOpener } from './open-wire.ts';
import { ScenarioTime } from './scenario-time.ts';

export interface StartOptions {
  clock?: Clock;
  /** TCP port of the first TCP line, the next line takes the next; 0: any free one. Default: as the scenario says */
  port?: number;
  /** every line a serial one (a pseudo-terminal), also those that the scenario has on TCP */
  serial?: boolean;
  seed?: number;
  /** language of what `command` gives; default en */
  language?: Language;
  /** how lines are opened; default: real sockets and pseudo-terminals */
  open?: WireOpener;
  /** what the timeline did, or could not do */
  onTimeline?: (text: string) => void;
}

/** Where one simulated device can be polled, and what a site.yaml needs to know about it. */
export type Endpoint = EndpointDevice & Place;

interface EndpointDevice {
  device: string;
  profile: string;
  line: string;
  unit: number;
  outlet: string;
  /** factor code for profiles that leave it to the site, else null */
  code: string | null;
}

export interface RunningScenario {
  readonly name: string;
  readonly title: string;
  readonly endpoints: readonly Endpoint[];
  /** requests answered so far, on all lines */
  readonly requests: number;
  /** settles when somebody gave the command `quit`, or after `stop` */
  readonly ended: Promise<void>;
  /** Does what the text says and gives what to show. Throws SIM_COMMAND, which says what is possible. */
  command(text: string): string;
  stop(): Promise<void>;
}

/** Loads a scenario and serves it on real wires. Throws SIM_UNKNOWN, SIM_SCENARIO or SIM_LISTEN. */
export async function startScenario(nameOrFile: string, options: StartOptions = {}): Promise<RunningScenario> {
  return serveScenario(loadScenario(nameOrFile), options);
}

export async function serveScenario(scenario: Scenario, options: StartOptions = {}): Promise<RunningScenario> {
  const clock = options.clock ?? createSystemClock();
  const time = new ScenarioTime(clock, scenario.speed);
  const seed = options.seed ?? scenario.seed;
  const plant = new Plant({ seed, timeOfDayS: scenario.timeOfDayS, ...scenario.plant });
  const devices = createDevices(scenario, plant, time);
  const wires = await openWires(scenario, devices, { ...options, clock, chance: new Chance(seed) });
  const { promise: ended, resolve: quit } = withResolvers();
  const lines = new Map(wires.map(({ name, line }) => [name, line]));
  const language = options.language ?? 'en';
  const controller = new Controller({ plant, time, devices, lines, language, quit });
  playTimeline(scenario, controller, options.onTimeline);
  let stopping: Promise<void> | undefined;
  return {
    name: scenario.name,
    title: scenario.title[language],
    endpoints: toEndpoints(scenario, wires),
    get requests() {
      return wires.reduce((sum, { line }) => sum + line.requests(), 0);
    },
    ended,
    command: (text) => controller.run(parseCommand(text)),
    stop: () => {
      controller.stop();
      stopping ??= settleAll(
        wires.map(
          ({ server }) =>
            () =>
              server.close(),
        ),
      ).finally(quit);
      return stopping;
    },
  };
}

interface Wire extends OpenWire {
  name: string;
  line: ControlledLine;
}

function createDevices(scenario: Scenario, plant: Plant, time: ScenarioTime): Map<string, ControlledDevice> {
  return new Map(
    Object.entries(scenario.devices).map(([name, { read: profile, line, unit, code, show, batch }]) => {
      const inBatches = batch && { everyS: batch.everyMin * 60, analysisS: batch.analysisMin * 60 };
      const behaviour = findBehaviour(profile.id);
      const device = new SimulatedDevice({ name, profile, behaviour, plant, time, code, show, batch: inBatches });
      return [name, { device, line, unit }];
    }),
  );
}

/** Opens one line after the other; when one cannot be opened, the others are closed again. */
async function openWires(
  scenario: Scenario,
  devices: ReadonlyMap<string, ControlledDevice>,
  options: StartOptions & { clock: Clock; chance: Chance },
): Promise<Wire[]> {
  const { clock, chance, serial = false, open = openWire } = options;
  const wires: Wire[] = [];
  let port = options.port;
  try {
    for (const [name, text] of Object.entries(scenario.lines)) {
      const own = [...devices.values()].filter((each) => each.line === name);
      const units = new Map(own.map(({ unit, device }) => [unit, device]));
      const line = adapt(text, { serial, port });
      const wire = await open(line, { units, clock, random: () => chance.uniform() });
      if (line.type === 'tcp' && port) port += 1;
      wires.push({ name, ...wire, line: toLine(wire) });
    }
    return wires;
  } catch (fault) {
    await settleAll(
      wires.map(
        ({ server }) =>
          () =>
            server.close(),
      ),
    );
    throw fault;
  }
}

function toLine({ place, server }: OpenWire): ControlledLine {
  return { type: place.type, board: new FaultBoard(server.faults), requests: () => server.requests };
}

function toEndpoints(scenario: Scenario, wires: readonly Wire[]): Endpoint[] {
  return Object.entries(scenario.devices).flatMap(([device, { profile, line, unit, outlet, code }]) =>
    wires
      .filter((wire) => wire.name === line)
      .map(({ place }) => ({ device, profile, line, unit, outlet, code: code ?? null, ...place })),
  );
}

function playTimeline(scenario: Scenario, controller: Controller, tell: (text: string) => void = () => {}): void {
  for (const { atS, command } of scenario.timeline) {
    controller.at(atS, () => {
      try {
        tell(controller.run(command));
      } catch (fault) {
        // as a dropped connection when all lines were made serial ones
        if (!isLimpidError(fault, 'SIM_COMMAND')) throw fault;
        tell(`${showCommand(command)}: ${fault.message}`);
      }
    });
  }
}

/** Promise.withResolvers is not in Node 20. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
