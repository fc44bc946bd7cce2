import type { Profile } from '../../src/contract/profile.ts';
import { CommandLineUser } from './command-line-user.ts';
import type { Login } from './debian-postgres.ts';
import { freePort } from './free-port.ts';
import { type KubeObject, postgresLogin, postgresStatefulSet } from './manifests.ts';
import { portForwardRole, secretRole } from './rbac.ts';
import type { FaultySuite } from './suite.ts';

const user = 'dev@example.com';
const secretName = 'orders-app';

/** The database's own password, which no program and no string of the user's ever holds. */
export const planted = 'of-the-database-alone';

interface Guarded {
  /** Of the Postgres server. */
  readonly args?: readonly string[];
  /** Besides the profile orders-db, which leads to the database's pod. */
  readonly profiles?: Readonly<Record<string, GuardedProfile>>;
}

export type GuardedProfile = Partial<Pick<Profile, 'target' | 'port' | 'policy' | 'local'>> & {
  readonly connection?: Partial<Profile['connection']>;
};

export function databaseSecret(namespace: string, password: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace },
    stringData: { password, username: postgresLogin.user },
  };
}

/**
 * A Postgres in a pod, and a developer who reaches it by the program that is shipped and the daemon that it starts: with the rights to forward
 * and to read one Secret, and no others.
 */
export class GuardedDatabase implements AsyncDisposable {
  readonly typist: CommandLineUser;
  readonly #suite: FaultySuite;
  readonly #profiles: Record<string, object>;

  private constructor(suite: FaultySuite, typist: CommandLineUser) {
    this.#suite = suite;
    this.typist = typist;
    this.#profiles = {};
  }

  static async create(suite: FaultySuite, { args, profiles = {} }: Guarded = {}): Promise<GuardedDatabase> {
    const { namespace } = suite;
    const secretKeyRef = { name: secretName, key: 'password' };
    await suite.api.apply(
      databaseSecret(namespace, planted),
      postgresStatefulSet({ namespace, name: 'database' }, { valueFrom: { secretKeyRef } }, args),
      ...portForwardRole({ namespace, name: 'forward', user }),
      ...secretRole({ namespace, name: secretName, user }, secretName),
    );
    await suite.api.readyPod({ namespace, name: 'database-0' });
    const typist = await CommandLineUser.create({ KUBECONFIG: suite.realcluster.developer });
    const guarded = new GuardedDatabase(suite, typist);
    await guarded.add({ 'orders-db': {}, ...profiles });
    return guarded;
  }

  /** Writes further profiles and starts their tunnels. */
  async add(profiles: Readonly<Record<string, GuardedProfile>>): Promise<void> {
    const { namespace, realcluster } = this.#suite;
    for (const [name, { connection, ...profile }] of Object.entries(profiles))
      this.#profiles[name] = {
        cluster: { server: realcluster.server },
        namespace,
        target: 'statefulset/database/0',
        port: 5432,
        local: await freePort(),
        kind: 'postgres',
        connection: {
          database: postgresLogin.database,
          user: postgresLogin.user,
          password: { secret: { name: secretName, key: 'password' } },
          ...connection,
        },
        ...profile,
      };
    await this.typist.home.writeProfiles({ profiles: this.#profiles });
    for (const name of Object.keys(profiles)) await this.typist.ok('up', name);
  }

  /** The local port of a profile's tunnel. */
  port(name: string): number {
    return (this.#profiles[name] as { local: number }).local;
  }

  /** As a program logs in that uses the tunnel of a profile. */
  async login(name = 'orders-db'): Promise<Login & { readonly user: string; readonly database: string }> {
    const password = (await this.typist.ok('password', name, '--local')).trim();
    return { port: this.port(name), user: postgresLogin.user, database: postgresLogin.database, password };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.typist[Symbol.asyncDispose]();
  }
}
