/**
 * OTLP/HTTP with JSON (opentelemetry.io/docs/specs/otlp): 64-bit numbers are strings, names are lowerCamelCase. A record's body is its
 * line as it stands in the log, so that a collector's store proves what came before; attributes are what one searches by, under the
 * names of the semantic conventions where they have some.
 */
import * as z from 'zod';
import type { AuditRecord } from '../../contract/audit-event.ts';
import type { Destination, Sent, ShippedLine } from './destination.ts';
import { type HttpTarget, post } from './http-post.ts';

export interface OtlpOptions extends HttpTarget {
  /** Of the program. */
  readonly version: string;
  readonly hostName: string;
}

/** Severities of the data model: 9 INFO, 13 WARN. */
const info = { severityNumber: 9, severityText: 'INFO' };
const warn = { severityNumber: 13, severityText: 'WARN' };
const warnings = new Set([
  'connection-denied',
  'tunnel-denied',
  'tail-cut',
  'damage-found',
  'file-changed',
  'events-lost',
  'shipping-gap',
]);

const attributePaths = [
  ['sallyport.tunnel', 'tunnel'],
  ['sallyport.profile', 'profile'],
  ['sallyport.connection', 'connection'],
  ['sallyport.audit_id', 'auditId'],
  ['sallyport.error', 'error.code'],
  ['server.address', 'cluster'],
  ['user.name', 'user'],
  ['k8s.namespace.name', 'pod.namespace'],
  ['k8s.pod.name', 'pod.name'],
  ['k8s.pod.uid', 'pod.uid'],
  ['k8s.node.name', 'pod.node'],
  ['process.pid', 'peer.pid'],
  ['process.executable.path', 'peer.program'],
  ['db.namespace', 'database'],
  ['sallyport.database_user', 'databaseUser'],
] as const;

const answerSchema = z.object({
  partialSuccess: z
    .object({
      // proto3 JSON: a 64-bit number is a string, and is read as a number too.
      rejectedLogRecords: z.union([z.string(), z.number()]).optional(),
      errorMessage: z.string().optional(),
    })
    .optional(),
});

/** Sends to a collector's `/v1/logs`. */
export function otlp(options: OtlpOptions): Destination {
  return {
    async send({ log, lines }, signal) {
      const body = JSON.stringify(exportRequest(options, log, lines));
      const posted = await post(options, { body, headers: { 'content-type': 'application/json' }, signal });
      return posted.kind === 'answer' ? taken(posted.body) : posted;
    },
  };
}

/** A partial success is not sent again (OTLP: "the client MUST NOT retry"). */
function taken(body: string): Sent {
  const { data } = answerSchema.safeParse(parse(body));
  const rejected = Number(data?.partialSuccess?.rejectedLogRecords ?? 0);
  if (!(rejected > 0)) return { kind: 'taken' };
  return { kind: 'taken', rejected, why: data?.partialSuccess?.errorMessage ?? 'without a reason' };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // A 2xx whose body says nothing is a success all the same.
    return undefined;
  }
}

function exportRequest(
  { version, hostName }: OtlpOptions,
  log: string,
  lines: readonly ShippedLine[],
): object {
  const resource = [
    attribute('service.name', 'sallyport'),
    attribute('service.version', version),
    attribute('service.instance.id', log),
    attribute('host.name', hostName),
  ];
  const scopeLogs = [{ scope: { name: 'sallyport.audit', version }, logRecords: lines.map(logRecord) }];
  return { resourceLogs: [{ resource: { attributes: resource }, scopeLogs }] };
}

function logRecord({ line, record }: ShippedLine): object {
  const timeUnixNano = `${Date.parse(record.at)}000000`;
  const found = attributePaths.map(([name, path]) => attribute(name, valueAt(record, path)));
  return {
    timeUnixNano,
    observedTimeUnixNano: timeUnixNano,
    ...(warnings.has(record.event) || 'error' in record ? warn : info),
    eventName: `sallyport.${record.event}`,
    body: { stringValue: line },
    attributes: [attribute('sallyport.seq', record.seq), ...found].filter((each) => each !== undefined),
  };
}

function valueAt(record: AuditRecord, path: string): unknown {
  let value: unknown = record;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  return value;
}

function attribute(key: string, value: unknown): object | undefined {
  if (typeof value === 'string') return { key, value: { stringValue: value } };
  if (typeof value === 'number' && Number.isSafeInteger(value))
    return { key, value: { intValue: String(value) } };
  return undefined;
}
