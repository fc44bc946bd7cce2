import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Login, programEnv, programPath, psql } from './debian-postgres.ts';

const statement = 'select pg_sleep(600)';

/**
 * Ctrl-C of psql while its statement sleeps. Gives what psql said and its exit code, once the statement has ended in the server, which `observer`
 * logs in at by whatever way. One at a time on a server.
 */
export async function interruptStatement(
  as: Login,
  observer: Login = as,
): Promise<{ code: number; stderr: string }> {
  const child = spawn(programPath('psql'), ['-X', '-c', statement], {
    env: programEnv(as),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  await sleepers(observer, 1);
  child.kill('SIGINT');
  const [code] = (await closed) as [number];
  await sleepers(observer, 0);
  return { code, stderr };
}

/** Resolves when so many statements sleep in the server. */
export async function sleepers(observer: Login, count: number): Promise<void> {
  const active =
    "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'";
  while ((await psql(observer, active)) !== String(count));
}
