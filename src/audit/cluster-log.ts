/**
 * Reads the API server's audit log (audit.k8s.io/v1, one JSON text a line), to join it with this one: by the Audit-ID of each
 * port-forward request, and by the heads that their User-Agents carry. The file comes from elsewhere: lines that are not understood are
 * passed over, long ones too.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { readHeadStamp, type StampedHead } from './head-stamp.ts';

const requestSchema = z.object({
  auditID: z.string(),
  stage: z.string(),
  verb: z.string(),
  userAgent: z.string().optional(),
  stageTimestamp: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z.object({
    resource: z.string(),
    subresource: z.string().optional(),
    namespace: z.string().optional(),
    name: z.string().optional(),
  }),
  responseStatus: z.object({ code: z.int().optional() }).optional(),
});

/** One port-forward request as the API server saw it. */
export interface ClusterRequest {
  readonly auditId: string;
  /** RequestReceived, ResponseStarted, ResponseComplete or Panic. */
  readonly stage: string;
  readonly at: string;
  readonly user: string;
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly status: number | undefined;
  /** What its User-Agent says of the local log. */
  readonly head: StampedHead | undefined;
}

const maxLineChars = 1024 * 1024;

/** The port-forward requests in the file, in its order. Throws what the file system throws. */
export async function* clusterRequests(path: string): AsyncGenerator<ClusterRequest> {
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line.length > maxLineChars || !line.includes('"portforward"')) continue;
    const request = parse(line);
    if (request) yield request;
  }
}

function parse(line: string): ClusterRequest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { data } = requestSchema.safeParse(json);
  if (data?.objectRef.resource !== 'pods' || data.objectRef.subresource !== 'portforward') return undefined;
  const from = `the cluster's audit log (${data.auditID}, ${data.stageTimestamp})`;
  return {
    auditId: data.auditID,
    stage: data.stage,
    at: data.stageTimestamp,
    user: data.user.username,
    namespace: data.objectRef.namespace,
    pod: data.objectRef.name,
    status: data.responseStatus?.code,
    head: readHeadStamp(data.userAgent ?? '', from),
  };
}

/** Heads of these logs that the cluster knows, each once: to be given to `verify`. */
export async function clusterHeads(path: string, logs: readonly string[]): Promise<StampedHead[]> {
  const heads = new Map<string, StampedHead>();
  for await (const { head } of clusterRequests(path)) {
    if (head && logs.some((log) => log.startsWith(head.log)))
      heads.set(`${head.log}.${head.seq}.${head.hash}`, head);
  }
  return [...heads.values()];
}
