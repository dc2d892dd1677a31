import { createServer, type Server } from 'node:net';
import type { Service } from '@limpid/sdk/core';
import { Aedes } from 'aedes';

/** The embedded MQTT broker of the demo (3.1.1). A site uses a real one: mosquitto, EMQX. */
export class EmbeddedBroker implements Service {
  readonly #port: number;
  #server: Server | null = null;
  #broker: Aedes | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : this.#port;
  }

  async start(): Promise<void> {
    const broker = await Aedes.createBroker();
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      broker.handle(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#broker = broker;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const [broker, server] = [this.#broker, this.#server];
    this.#broker = null;
    this.#server = null;
    if (broker !== null) await new Promise<void>((resolve) => broker.close(() => resolve()));
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
