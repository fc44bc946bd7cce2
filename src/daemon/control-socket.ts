import type { FastifyInstance } from 'fastify';
import { AppError } from '../base/app-error.ts';
import { listenPrivately, removeStaleSocket } from '../tunnel/unix-socket.ts';

/** Starts the control server on its unix socket or named pipe. Throws SP-LOCAL-ADDRESS, and what the system says. */
export async function listenOn(control: FastifyInstance, path: string): Promise<void> {
  await control.ready();
  const { server } = control;
  if (process.platform !== 'win32' && !(await removeStaleSocket(path))) {
    throw new AppError('SP-LOCAL-ADDRESS', {
      address: path,
      message: 'it exists and is no socket left behind by you',
      next: 'remove it',
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    if (process.platform === 'win32') server.listen(path);
    else listenPrivately(server, path);
  });
}

/** Ends it: Fastify closes only what it listened on by itself. */
export async function closeServer(control: FastifyInstance): Promise<void> {
  const closed = new Promise<void>((resolve) => control.server.close(() => resolve()));
  await control.close();
  control.server.closeAllConnections();
  await closed;
}
