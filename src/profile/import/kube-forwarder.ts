/** kube-forwarder's JSON export, version 2: one cluster with its services (src/renderer/lib/export.js of pixel-point/kube-forwarder). */
import * as z from 'zod';
import { AppError } from '../../base/app-error.ts';
import type { Profile } from '../../contract/profile.ts';
import { guessKind } from './guess-kind.ts';
import { type Imported, Importing, type ImportOptions } from './imported.ts';

const serviceSchema = z.object({
  alias: z.string().max(500).nullish(),
  namespace: z.string().max(500),
  workloadType: z.enum(['pod', 'deployment', 'service']),
  workloadName: z.string().max(500),
  localAddress: z.string().max(500).nullish(),
  forwards: z
    .array(
      z.object({
        localPort: z.number().int().min(0).max(65_535),
        remotePort: z.number().int().min(1).max(65_535),
      }),
    )
    .max(1_000),
});

const clusterSchema = z.object({
  name: z.string().max(500),
  config: z.object({ currentContext: z.string().max(500).nullish(), content: z.unknown() }).nullish(),
  _services: z.array(z.unknown()).max(2_000),
});

const exportSchema = z.object({ version: z.number(), clusters: z.array(clusterSchema).min(1).max(100) });

/** Throws SP-IMPORT where it is not kube-forwarder's format. */
export function importKubeForwarder(json: unknown, options: ImportOptions = {}): Imported {
  const file = exportSchema.safeParse(json);
  if (!file.data) {
    const at = file.error.issues[0]?.path.join('.');
    throw new AppError('SP-IMPORT', { message: `${at || 'it'} is not as kube-forwarder writes it` });
  }
  if (file.data.version !== 2) {
    throw new AppError('SP-IMPORT', {
      message: `it is a kube-forwarder export of version ${file.data.version}, known is 2`,
    });
  }
  const importing = new Importing(options);
  for (const cluster of file.data.clusters) {
    const context = cluster.config?.currentContext || cluster.name || options.context;
    if (!cluster.config?.currentContext) {
      importing.leaveOut(
        `the cluster ${cluster.name}`,
        `an export names no context: ${context} is taken for it`,
      );
    }
    if (cluster.config?.content !== undefined) {
      importing.leaveOut(
        `the kubeconfig of ${cluster.name}`,
        'it holds credentials: merge it into your own kubeconfig',
      );
    }
    for (const [index, entry] of cluster._services.entries()) {
      const service = serviceSchema.safeParse(entry);
      if (!service.data) {
        const at = service.error.issues[0]?.path.join('.');
        importing.leaveOut(
          `entry ${index + 1} of ${cluster.name}`,
          `${at} is not as kube-forwarder writes it`,
        );
      } else if (context) importService(service.data, context, importing, options);
    }
  }
  return importing.result();
}

/** Whether parsed JSON looks like it. */
export function isKubeForwarder(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'clusters' in json;
}

function importService(
  service: z.infer<typeof serviceSchema>,
  context: string,
  importing: Importing,
  options: ImportOptions,
): void {
  const { workloadType, workloadName, namespace, forwards, localAddress } = service;
  const what = service.alias || workloadName;
  const address =
    localAddress && !['127.0.0.1', 'localhost'].includes(localAddress) ? localAddress : undefined;
  const usable = address !== undefined && /^[0-9A-Fa-f:.]{2,45}$/.test(address);
  if (address !== undefined && !usable)
    importing.leaveOut(`the local address of ${what}`, 'it is no IP address');
  for (const { localPort, remotePort } of forwards) {
    const kind = guessKind({ port: remotePort, words: [workloadName, what] });
    const profile: Profile = {
      cluster: { context },
      namespace: namespace || options.namespace || 'default',
      target: `${workloadType}/${workloadName}`,
      port: remotePort,
      ...(localPort === 0 ? {} : { local: usable ? { address, port: localPort } : localPort }),
      ...(kind ? { kind } : {}),
    };
    importing.add(forwards.length === 1 ? what : `${what}-${remotePort}`, profile);
  }
}
