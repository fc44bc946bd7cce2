import type { ConnectionFormat, ConnectionKind, FormatOf } from '../contract/connection-format.ts';
import { httpFormats } from './http.ts';
import { kafkaFormats } from './kafka.ts';
import { mongodbFormats } from './mongodb.ts';
import { mysqlFormats } from './mysql.ts';
import { postgresFormats } from './postgres.ts';
import { redisFormats } from './redis.ts';
import { tcpFormats } from './tcp.ts';
import type { FormatWriter } from './written.ts';

/** Every format of every kind; the contract's names are complete here, or this does not compile. */
const writers: { readonly [K in ConnectionKind]: Readonly<Record<FormatOf<K>, FormatWriter>> } = {
  postgres: postgresFormats,
  mysql: mysqlFormats,
  redis: redisFormats,
  mongodb: mongodbFormats,
  kafka: kafkaFormats,
  http: httpFormats,
  tcp: tcpFormats,
};

/** What writes a format; undefined where the kind has no such one. */
export function writerOf(kind: ConnectionKind, format: ConnectionFormat): FormatWriter | undefined {
  const formats: Partial<Record<ConnectionFormat, FormatWriter>> = writers[kind];
  return formats[format];
}
