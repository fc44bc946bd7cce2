import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A git repository of a team, with one file of profiles. */
export interface TeamRepository extends AsyncDisposable {
  readonly path: string;
  /** Commits these as all the profiles that there are, or this as the file's text. */
  commit(profiles: Readonly<Record<string, object>> | string): Promise<void>;
}

export async function createTeamRepository(
  profiles: Readonly<Record<string, object>>,
): Promise<TeamRepository> {
  const path = await mkdtemp(join(tmpdir(), 'team-repository-'));
  const author = ['-c', 'user.name=Team', '-c', 'user.email=team@example.com'];
  const git = (...words: string[]) => run('git', ['-C', path, ...author, ...words]);
  const commit: TeamRepository['commit'] = async (content) => {
    const text =
      typeof content === 'string'
        ? content
        : `${JSON.stringify({ version: 1, profiles: content }, undefined, 2)}\n`;
    await writeFile(join(path, 'tunnels.yaml'), text);
    await git('add', '.');
    await git('commit', '-q', '-m', 'Change tunnels');
  };
  await git('init', '-q', '-b', 'main');
  await commit(profiles);
  return { path, commit, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const cluster = { server: 'https://api.shop.example.com:6443' };
const orders = {
  description: 'Orders and payments of the shop',
  cluster,
  namespace: 'shop',
  target: 'statefulset/postgres/0',
  port: 5432,
  kind: 'postgres',
  connection: {
    database: 'orders',
    user: 'app',
    password: { secret: { name: 'orders-app', key: 'password' } },
  },
  policy: {
    environment: 'production',
    reason: { pattern: '^[A-Z]+-[0-9]+', example: 'SHOP-117' },
    readOnly: true,
    timeLimit: '1h',
  },
};
const reports = {
  cluster,
  namespace: 'shop',
  target: 'service/reports',
  port: 5432,
  kind: 'postgres',
  policy: { environment: 'staging' },
};
const sessions = { cluster, namespace: 'shop', target: 'service/redis', port: 6379, kind: 'redis' };

/** What a team shares, and what it shares later: a bound that is loosened, a place that moves, one that comes and one that goes. */
export const sharedProfiles = { 'shop-orders': orders, 'shop-reports': reports, 'shop-sessions': sessions };
export const laterProfiles = {
  'shop-orders': { ...orders, policy: { ...orders.policy, readOnly: false, timeLimit: '8h' } },
  'shop-reports': { ...reports, namespace: 'reports', description: 'Read replicas' },
  'shop-search': { cluster, namespace: 'shop', target: 'service/search', port: 9200, kind: 'http' },
};
