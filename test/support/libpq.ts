import { join } from 'node:path';
import { packagedNative } from '../../src/sandbox/postgres-binaries.ts';
import { debianPostgres } from './debian-postgres.ts';

/**
 * The libpq of PostgreSQL 18, from the package that has the server: Debian's psql runs with it, and learns protocol 3.2 and direct TLS. Undefined where
 * there is no such psql.
 */
export const newLibpq: Readonly<Record<string, string>> | undefined =
  process.platform === 'linux' && debianPostgres !== undefined
    ? { LD_LIBRARY_PATH: join(packagedNative(), 'lib') }
    : undefined;
