import { type KubeObject, postgresStatefulSet } from './manifests.ts';

/** A Postgres and its Secrets as one operator or chart leaves them in a namespace, with what is expected to be found. */
export interface CredentialLayout {
  readonly name: string;
  readonly user: string;
  readonly superuser: boolean;
  readonly objects: (namespace: string) => readonly KubeObject[];
}

interface Made {
  readonly name: string;
  readonly layout: string;
  readonly user: string;
  readonly superuser?: boolean;
  /** Of the pods and, where it is an operator's, of its Secrets. */
  readonly labels: Readonly<Record<string, string>>;
  /** The first has the password that the database takes, under the key. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly key?: string;
  /** Labels of the Secrets besides. */
  readonly secretLabels?: Readonly<Record<string, string>>;
}

const zalando = (user: string) => `${user}.acid-orders.credentials.postgresql.acid.zalan.do`;
const crunchyCluster = 'postgres-operator.crunchydata.com/cluster';

const made: readonly Made[] = [
  {
    name: 'cnpg',
    layout: 'CloudNativePG',
    user: 'app',
    labels: { 'cnpg.io/cluster': 'orders', 'cnpg.io/instanceRole': 'primary' },
    secrets: {
      'orders-app': {
        username: 'app',
        user: 'app',
        password: 'of-cnpg',
        dbname: 'orders',
        host: 'orders-rw',
      },
      'orders-superuser': { username: 'postgres', password: 'wrong', dbname: '*' },
    },
  },
  {
    name: 'zalando',
    layout: 'Zalando',
    user: 'orders_owner',
    labels: { application: 'spilo', 'cluster-name': 'acid-orders', 'spilo-role': 'master' },
    secrets: {
      [zalando('orders-owner')]: { username: 'orders_owner', password: 'of-zalando' },
      [zalando('postgres')]: { username: 'postgres', password: 'wrong' },
      [zalando('standby')]: { username: 'standby', password: 'wrong' },
    },
  },
  {
    name: 'crunchy',
    layout: 'Crunchy',
    user: 'hippo',
    labels: { [crunchyCluster]: 'hippo', 'postgres-operator.crunchydata.com/role': 'master' },
    secrets: { 'hippo-pguser-hippo': { user: 'hippo', password: 'of-crunchy', dbname: 'orders' } },
  },
  {
    name: 'stackgres',
    layout: 'StackGres',
    user: 'postgres',
    superuser: true,
    labels: { app: 'StackGresCluster', 'stackgres.io/cluster-name': 'sg', role: 'master' },
    secrets: {
      sg: {
        'superuser-username': 'postgres',
        'superuser-password': 'of-sg',
        'replication-password': 'wrong',
      },
    },
    key: 'superuser-password',
  },
  {
    name: 'kubeblocks',
    layout: 'KubeBlocks',
    user: 'postgres',
    superuser: true,
    labels: {
      'app.kubernetes.io/managed-by': 'kubeblocks',
      'app.kubernetes.io/instance': 'pg',
      'apps.kubeblocks.io/component-name': 'postgresql',
      'kubeblocks.io/role': 'primary',
    },
    secrets: {
      'pg-postgresql-account-postgres': { username: 'postgres', password: 'of-kubeblocks' },
      'pg-postgresql-account-kbadmin': { username: 'kbadmin', password: 'wrong' },
    },
  },
  {
    name: 'bitnami',
    layout: 'Bitnami',
    user: 'shop',
    labels: { 'app.kubernetes.io/name': 'postgresql', 'helm.sh/chart': 'postgresql-16.7.27' },
    secrets: { 'shop-postgresql': { password: 'of-bitnami', 'postgres-password': 'wrong' } },
  },
];

export const credentialLayouts: readonly CredentialLayout[] = made.map((each) => ({
  name: each.name,
  user: each.user,
  superuser: each.superuser ?? false,
  objects: (namespace) => [
    ...Object.entries(each.secrets).map(([name, stringData]) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels: each.labels },
      stringData,
    })),
    statefulSet(each, namespace),
  ],
}));

function statefulSet({ name, user, labels, secrets, key = 'password' }: Made, namespace: string): KubeObject {
  const [secret = ''] = Object.keys(secrets);
  const password = { valueFrom: { secretKeyRef: { name: secret, key } } };
  const object = postgresStatefulSet({ namespace, name }, password);
  const spec = structuredClone(object.spec) as {
    selector: { matchLabels: object };
    template: {
      metadata: { labels: object };
      spec: { containers: { env: { name: string; value?: string }[] }[] };
    };
  };
  // Operators label their pods as they do, whatever is selected by.
  spec.selector.matchLabels = labels;
  spec.template.metadata.labels = labels;
  for (const variable of spec.template.spec.containers[0]?.env ?? [])
    if (variable.name === 'POSTGRES_USER') variable.value = user;
  return { ...object, spec };
}
