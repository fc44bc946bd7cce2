import { once } from 'node:events';
import { createServer } from 'node:net';

/** Whether ::1 can be listened on; containers often have none. */
export async function hasIpv6(): Promise<boolean> {
  const server = createServer().listen(0, '::1');
  const has = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return has;
}
