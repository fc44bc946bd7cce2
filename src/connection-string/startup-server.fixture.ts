import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What one client said before it could ask for anything. */
export interface Startup {
  readonly parameters: Readonly<Record<string, string>>;
  readonly password: string;
}

/** A loopback server that speaks PostgreSQL as far as the password, which it asks for in clear text and then turns down. */
export class StartupServer implements AsyncDisposable {
  readonly startups: Startup[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<StartupServer> {
    const server = createServer();
    const startupServer = new StartupServer(server);
    server.on('connection', (socket) => void startupServer.#serve(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return startupServer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(socket: Socket): Promise<void> {
    const messages = read(socket);
    let parameters: Record<string, string> | undefined;
    try {
      for await (const message of messages) {
        if (!parameters) {
          const code = message.readInt32BE(4);
          // SSLRequest and GSSENCRequest: neither is to be had.
          if (code === 80877103 || code === 80877104) {
            socket.write('N');
            continue;
          }
          parameters = pairs(message.subarray(8));
          socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
          continue;
        }
        this.startups.push({ parameters, password: message.subarray(5, -1).toString() });
        socket.end(fatal);
        return;
      }
    } catch {
      socket.destroy();
    }
  }
}

/** Messages with their headers: the first ones have no type byte. */
async function* read(socket: Socket): AsyncGenerator<Buffer> {
  let received = Buffer.alloc(0);
  let typed = false;
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    for (;;) {
      const header = typed ? 1 : 0;
      if (received.length < header + 4) break;
      const length = header + received.readInt32BE(header);
      if (received.length < length) break;
      const message = received.subarray(0, length);
      received = received.subarray(length);
      if (!typed) typed = message.readInt32BE(4) === 196608;
      yield message;
    }
  }
}

function pairs(body: Buffer): Record<string, string> {
  const parts = body.toString().split('\0');
  const found: Record<string, string> = {};
  for (let i = 0; parts[i]; i += 2) found[parts[i] ?? ''] = parts[i + 1] ?? '';
  return found;
}

const fields = Buffer.from('SFATAL\0VFATAL\0C28P01\0Mas planned\0\0');
const fatal = Buffer.concat([Buffer.from([0x45, 0, 0, 0, fields.length + 4]), fields]);
