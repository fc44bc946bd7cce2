import { describe, expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
import type { DatabasePod } from './database-pod.ts';
import { credentialPlan, findCredential, locateCredential } from './find-credential.ts';
import { hasApplicationRole } from './operators.ts';

type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface How {
  readonly user?: string;
  readonly superuser?: 'allow' | 'forbid';
  /** By label selector. */
  readonly listed?: Readonly<Record<string, readonly string[]>>;
  readonly refused?: string;
}

const pod = (labels: Record<string, string>, spec: DatabasePod['spec'] = {}): DatabasePod => ({
  metadata: { labels },
  spec,
});

async function search(of: DatabasePod, secrets: Secrets, how: How = {}) {
  const { user, superuser = 'allow', listed = {}, refused } = how;
  const plan = credentialPlan(of, user);
  if (!plan) throw new Error('nothing tells');
  const asked: string[] = [];
  const list = async (selector: string) => {
    asked.push(`list ${selector}`);
    return listed[selector] ?? [];
  };
  const look = async <T>(name: string, found: T) => {
    asked.push(name);
    if (name === refused) throw new AppError('SP-FORBIDDEN', { resource: 'secrets' });
    return found;
  };
  const find = () =>
    findCredential(plan, {
      user,
      superuser,
      list,
      read: (name) => look(name, secrets[name] && ((key: string) => secrets[name]?.[key])),
    });
  const locate = () =>
    locateCredential(plan, { user, superuser, list, exists: (name) => look(name, name in secrets) });
  return { layout: plan.layout, asked, find, locate };
}

async function found(of: DatabasePod, secrets: Secrets, how?: How) {
  const { layout, find } = await search(of, secrets, how);
  const { candidate, password, user, database } = await find();
  const { secret, rank } = candidate;
  return { layout, secret, rank, password: password.reveal(), user, database };
}

const failing = async (of: DatabasePod, secrets: Secrets, how?: How): Promise<AppError> => {
  const { find } = await search(of, secrets, how);
  return find().then(
    () => expect.unreachable(),
    (error) => error,
  );
};

describe('CloudNativePG', () => {
  const orders = pod({ 'cnpg.io/cluster': 'orders', 'cnpg.io/instanceRole': 'primary' });
  const owner = { username: 'app', user: 'app', password: 'pw', dbname: 'orders', host: 'orders-rw' };
  const secrets = {
    'orders-app': owner,
    'orders-superuser': { username: 'postgres', password: 'root', dbname: '*' },
  };

  it("takes the owner's Secret", async () => {
    expect(await found(orders, secrets)).toEqual({
      layout: 'CloudNativePG',
      secret: 'orders-app',
      rank: 'application',
      password: 'pw',
      user: 'app',
      database: 'orders',
    });
    expect((await found(orders, secrets, { user: 'app' })).secret).toBe('orders-app');
  });

  it("takes the superuser's where that is named, or there is no other", async () => {
    const superuser = {
      secret: 'orders-superuser',
      rank: 'superuser',
      user: 'postgres',
      database: 'postgres',
    };
    expect(await found(orders, secrets, { user: 'postgres' })).toMatchObject(superuser);
    const { 'orders-superuser': alone } = secrets;
    expect(await found(orders, { 'orders-superuser': alone })).toMatchObject(superuser);
  });

  it("never takes a superuser's that the policy forbids, nor for a Secret that may not be read", async () => {
    const { 'orders-superuser': alone } = secrets;
    const forbidden = await failing(orders, { 'orders-superuser': alone }, { superuser: 'forbid' });
    expect(forbidden).toMatchObject({ code: 'SP-SECRET-NONE' });
    expect(forbidden.message).toContain('but those of a superuser, which the policy forbids');
    const refused = await search(orders, secrets, { refused: 'orders-app' });
    await expect(refused.find()).rejects.toMatchObject({ code: 'SP-FORBIDDEN' });
    expect(refused.asked).toEqual(['orders-app']);
  });

  it('says for whom it has looked where', async () => {
    const error = await failing(orders, secrets, { user: 'reader' });
    expect(error).toMatchObject({
      code: 'SP-SECRET-NONE',
      details: { user: 'reader', looked: 'orders-app, orders-superuser' },
    });
  });
});

describe('Zalando', () => {
  const orders = pod({ application: 'spilo', 'cluster-name': 'acid-orders', 'spilo-role': 'master' });
  const suffix = '.acid-orders.credentials.postgresql.acid.zalan.do';
  const selector = 'application=spilo,cluster-name=acid-orders';
  const own = [`postgres${suffix}`, `standby${suffix}`, `pooler${suffix}`];
  const secrets = {
    [`postgres${suffix}`]: { username: 'postgres', password: 'root' },
    [`standby${suffix}`]: { username: 'standby', password: 'stand' },
    [`orders-owner${suffix}`]: { username: 'orders_owner', password: 'pw' },
  };

  it("finds the one role besides the operator's own", async () => {
    const listed = { [selector]: [...own, `orders-owner${suffix}`, 'unrelated'] };
    expect(await found(orders, secrets, { listed })).toMatchObject({
      layout: 'Zalando',
      secret: `orders-owner${suffix}`,
      rank: 'application',
      user: 'orders_owner',
      password: 'pw',
    });
  });

  it('lists nothing where the role is named, and has to be told which of several', async () => {
    const named = await search(orders, secrets, { user: 'orders_owner' });
    expect((await named.find()).user).toBe('orders_owner');
    expect(named.asked).toEqual([`orders-owner${suffix}`]);
    const listed = { [selector]: [`orders-owner${suffix}`, `reader${suffix}`] };
    expect(await failing(orders, secrets, { listed })).toMatchObject({
      code: 'SP-SECRET-CHOICE',
      details: { known: `orders-owner${suffix}, reader${suffix}` },
    });
  });

  it("takes the superuser's where there is no other, through the pooler too", async () => {
    const pooler = pod({ application: 'db-connection-pooler', 'cluster-name': 'acid-orders' });
    for (const each of [orders, pooler])
      expect(await found(each, secrets, { listed: { [selector]: own } })).toMatchObject({
        rank: 'superuser',
        user: 'postgres',
      });
  });
});

describe.each([
  ['Crunchy', {}],
  ['Percona', { 'app.kubernetes.io/managed-by': 'percona-postgresql-operator' }],
])('%s', (layout, more) => {
  const cluster = 'postgres-operator.crunchydata.com/cluster';
  const hippo = pod({
    [cluster]: 'hippo',
    'postgres-operator.crunchydata.com/role': 'master',
    ...more,
  });
  const selector = `${cluster}=hippo,postgres-operator.crunchydata.com/pguser`;
  const role = (user: string) => ({ user, password: `of ${user}`, dbname: 'zoo', verifier: 'SCRAM' });

  it('takes the user that is called as the cluster, without listing', async () => {
    const { find, asked } = await search(hippo, { 'hippo-pguser-hippo': role('hippo') });
    const { user, database, password } = await find();
    expect([user, database, password.reveal()]).toEqual(['hippo', 'zoo', 'of hippo']);
    expect(asked).toEqual(['hippo-pguser-hippo']);
  });

  it("finds another user, and takes postgres's last", async () => {
    const secrets = { 'hippo-pguser-postgres': role('postgres'), 'hippo-pguser-rhino': role('rhino') };
    const listed = { [selector]: Object.keys(secrets) };
    expect(await found(hippo, secrets, { listed })).toMatchObject({ layout, user: 'rhino' });
    const { 'hippo-pguser-postgres': alone } = secrets;
    expect(await found(hippo, { 'hippo-pguser-postgres': alone })).toMatchObject({ rank: 'superuser' });
    expect(await found(hippo, secrets, { user: 'postgres' })).toMatchObject({ rank: 'superuser' });
    expect(await found(hippo, secrets, { user: 'rhino' })).toMatchObject({ password: 'of rhino' });
  });
});

describe('StackGres', () => {
  const sg = pod({ app: 'StackGresCluster', 'stackgres.io/cluster-name': 'sg', role: 'master' });

  it.each([
    [{ 'superuser-username': 'root', 'superuser-password': 'pw' }, 'root'],
    [{ 'superuser-password': 'pw' }, 'postgres'],
  ])('has a superuser alone: %j', async (data, user) => {
    const secrets = { sg: { ...data, 'replication-password': 'other' } };
    expect(await found(sg, secrets)).toMatchObject({ rank: 'superuser', user, password: 'pw' });
  });
});

describe('KubeBlocks', () => {
  const pg = pod({
    'app.kubernetes.io/managed-by': 'kubeblocks',
    'app.kubernetes.io/instance': 'pg',
    'apps.kubeblocks.io/component-name': 'postgresql',
  });
  const selector = 'app.kubernetes.io/instance=pg,apps.kubeblocks.io/component-name=postgresql';
  const account = (username: string) => ({ username, password: `of ${username}` });
  const secrets = {
    'pg-postgresql-account-postgres': account('postgres'),
    'pg-postgresql-account-kbadmin': account('kbadmin'),
    'pg-postgresql-account-orders': account('orders'),
  };

  it("takes an account of the application, and never the operator's own", async () => {
    const listed = { [selector]: Object.keys(secrets) };
    expect(await found(pg, secrets, { listed })).toMatchObject({ user: 'orders', rank: 'application' });
    expect(await found(pg, secrets)).toMatchObject({ user: 'postgres', rank: 'superuser' });
  });

  it('knows the Secret of former versions', async () => {
    expect(await found(pg, { 'pg-conn-credential': account('postgres') })).toMatchObject({
      secret: 'pg-conn-credential',
      rank: 'superuser',
    });
  });
});

describe('Bitnami', () => {
  const chart = { 'app.kubernetes.io/name': 'postgresql', 'helm.sh/chart': 'postgresql-16.7.27' };
  const key = (name: string, of: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: 'shop-postgresql', key: of } },
  });
  const value = (name: string, text: string) => ({ name, value: text });
  const shop = (env: object[], rest = {}) =>
    pod(chart, {
      containers: [{ image: 'registry-1.docker.io/bitnami/postgresql:17', env, ...rest } as never],
    });
  const secrets = { 'shop-postgresql': { password: 'pw', 'postgres-password': 'root' } };

  it("takes the custom user's key, and the superuser's where it is named", async () => {
    const env = [
      value('POSTGRES_USER', 'shop'),
      key('POSTGRES_PASSWORD', 'password'),
      key('POSTGRES_POSTGRES_PASSWORD', 'postgres-password'),
      value('POSTGRES_DATABASE', 'orders'),
    ];
    expect(await found(shop(env), secrets)).toEqual({
      layout: 'Bitnami',
      secret: 'shop-postgresql',
      rank: 'application',
      password: 'pw',
      user: 'shop',
      database: 'orders',
    });
    expect(await found(shop(env), secrets, { user: 'postgres' })).toMatchObject({
      rank: 'superuser',
      password: 'root',
    });
  });

  it('follows passwords that are mounted as files', async () => {
    const of = shop(
      [
        value('POSTGRES_USER', 'shop'),
        value('POSTGRES_PASSWORD_FILE', '/opt/bitnami/postgresql/secrets/password'),
      ],
      { volumeMounts: [{ name: 'postgresql-password', mountPath: '/opt/bitnami/postgresql/secrets/' }] },
    );
    const volumes = [{ name: 'postgresql-password', secret: { secretName: 'shop-postgresql' } }];
    const mounted = { ...of, spec: { ...of.spec, volumes } };
    expect(await found(mounted, secrets)).toMatchObject({ password: 'pw', user: 'shop' });
    expect(credentialPlan(of, undefined)).toBeUndefined();
  });

  it('of postgresql-ha, and of its pgpool, has a superuser alone', async () => {
    const ha = { ...chart, 'helm.sh/chart': 'postgresql-ha-16.0.1' };
    const data = { 'shop-postgresql': { password: 'root' } };
    for (const prefix of ['POSTGRES', 'PGPOOL_POSTGRES']) {
      const env = [key(`${prefix}_PASSWORD`, 'password'), value(`${prefix}_USERNAME`, 'postgres')];
      expect(await found(pod(ha, { containers: [{ env }] }), data)).toMatchObject({
        rank: 'superuser',
        user: 'postgres',
        password: 'root',
      });
    }
  });
});

it('calls a superuser whomever the official image is given', async () => {
  const env = [
    { name: 'POSTGRES_USER', valueFrom: { secretKeyRef: { name: 'db', key: 'user' } } },
    { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'pw' } } },
  ];
  const official = pod({}, { containers: [{ image: 'postgres:18', env }] });
  expect(await found(official, { db: { user: 'orders', pw: 'x' } })).toMatchObject({
    layout: "the pod's environment",
    rank: 'superuser',
    user: 'orders',
  });
});

it('knows nothing of a pod that tells nothing', () => {
  const env = [{ name: 'POSTGRES_PASSWORD', value: 'in the manifest' }];
  for (const each of [{}, pod({ app: 'x' }), pod({}, { containers: [{ env }] })])
    expect(credentialPlan(each, undefined)).toBeUndefined();
});

it('tells where credentials are without reading them', async () => {
  const orders = pod({ 'cnpg.io/cluster': 'orders' });
  const { locate } = await search(orders, { 'orders-superuser': {} });
  expect(await locate()).toMatchObject({ secret: 'orders-superuser', rank: 'superuser' });
});

it('is proposed where the operator makes a role for the application', () => {
  expect(
    ['CloudNativePG', 'Zalando', 'Crunchy', 'Percona'].map((each) => hasApplicationRole(each as never)),
  ).toEqual([true, true, true, true]);
  expect([hasApplicationRole('StackGres'), hasApplicationRole('KubeBlocks')]).toEqual([false, false]);
});
