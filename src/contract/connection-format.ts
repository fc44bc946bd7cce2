/** What connection strings there are: plain data, so that a short command loads no schema library. */

/** The formats of each kind; the first is the one given where none is named. `env` is the environment that `run` gives, as lines for a shell. */
export const formatsByKind = {
  postgres: [
    'psql',
    'uri',
    'libpq',
    'jdbc',
    'sqlalchemy',
    'npgsql',
    'pgx',
    'prisma',
    'pg-service',
    'dbeaver',
    'datagrip',
    'env',
  ],
  mysql: ['mysql', 'uri', 'jdbc', 'go', 'env'],
  redis: ['redis-cli', 'uri', 'env'],
  mongodb: ['mongosh', 'uri', 'env'],
  kafka: ['bootstrap', 'env'],
  http: ['url', 'curl', 'env'],
  tcp: ['address', 'nc', 'env'],
} as const;

export type ConnectionKind = keyof typeof formatsByKind;
export type FormatOf<K extends ConnectionKind> = (typeof formatsByKind)[K][number];
export type ConnectionFormat = FormatOf<ConnectionKind>;

/** What menus call each format. */
export const formatTitle: Record<ConnectionFormat, string> = {
  psql: 'psql command',
  uri: 'URI',
  libpq: 'libpq key/value',
  jdbc: 'JDBC URL',
  sqlalchemy: 'SQLAlchemy (psycopg)',
  npgsql: 'Npgsql',
  pgx: 'Go pgx',
  prisma: '.env line (Prisma)',
  'pg-service': 'pg_service.conf entry',
  dbeaver: 'DBeaver command',
  datagrip: 'DataGrip data source',
  env: 'environment variables',
  mysql: 'mysql command',
  go: 'Go go-sql-driver DSN',
  'redis-cli': 'redis-cli command',
  mongosh: 'mongosh command',
  bootstrap: 'bootstrap server',
  url: 'URL',
  curl: 'curl command',
  address: 'address',
  nc: 'nc command',
};

/** What people do with a format whose title does not say it, and which of the well-known programs take it. */
export const formatUse: Partial<Record<ConnectionFormat, string>> = {
  uri: 'for programs that take an address: TablePlus, database extensions of VS Code, MongoDB Compass, Redis Insight, most drivers',
  jdbc: 'for Java, and for DBeaver (Connect by: URL) and DataGrip (URL)',
  'pg-service': 'for ~/.pg_service.conf; then `psql service=NAME`, or the service of pgAdmin and of drivers',
  prisma: 'for the .env file of a project',
  dbeaver: 'opens it in DBeaver, whose program may be dbeaver-ce, or in its own folder on macOS and Windows',
  datagrip: 'for the Database Explorer of DataGrip and other JetBrains IDEs: +, Import from Clipboard',
  env: 'for a shell; `sallyport run` gives the same to one command',
};
