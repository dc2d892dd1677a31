export { type ByteStream, socketStream } from './byte-stream.ts';
export { answerPdu, type ModbusUnit, type ModbusUnits, type WriteFunction } from './modbus-unit.ts';
export { openPseudoTerminal, type PseudoTerminal } from './pseudo-terminal.ts';
export {
  type RtuOverTcpServerOptions,
  type RtuServer,
  type RtuServerOptions,
  type SerialPace,
  serveRtu,
  serveRtuOverTcp,
} from './serve-rtu.ts';
export { serveTcp, type TcpServer, type TcpServerOptions, type WireServer } from './serve-tcp.ts';
export { FaultSwitch, type WireFault, type WireFaultKind } from './wire-fault.ts';
