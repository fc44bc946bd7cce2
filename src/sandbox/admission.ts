import type { Manifest, Plural, PodSpec, ServicePort } from './kube-object.ts';
import { badRequest } from './status-error.ts';

export const sandboxNode = 'sandbox-node';

/** The fields that the API server, admission and the scheduler would fill in. Throws a 400 Status for what cannot be kept. */
export function admit(plural: Plural, manifest: Manifest): Manifest {
  switch (plural) {
    case 'pods': {
      const spec = manifest.spec as PodSpec | undefined;
      if (!spec?.containers?.length)
        throw badRequest('Pod in version "v1" is invalid: spec.containers: Required value');
      const gated = (spec.schedulingGates ?? []).length > 0;
      return {
        ...manifest,
        spec: gated ? spec : { nodeName: sandboxNode, ...spec },
        status: { phase: 'Pending', conditions: gated ? [gatedCondition()] : [] },
      };
    }
    case 'services': {
      const spec = manifest.spec as { clusterIP?: string; type?: string; ports?: ServicePort[] };
      const ports = (spec.ports ?? []).map((port) => ({ protocol: 'TCP', targetPort: port.port, ...port }));
      const clusterIP =
        spec.type === 'ExternalName' ? {} : { clusterIP: clusterAddress(manifest.metadata.name) };
      return { ...manifest, spec: { type: 'ClusterIP', ...clusterIP, ...spec, ports } };
    }
    case 'secrets': {
      const { stringData, ...rest } = manifest;
      const encoded = Object.entries((stringData ?? {}) as Record<string, string>).map(
        ([key, text]) => [key, Buffer.from(text).toString('base64')] as const,
      );
      return {
        ...rest,
        type: rest.type ?? 'Opaque',
        data: { ...(rest.data as object), ...Object.fromEntries(encoded) },
      };
    }
    case 'namespaces':
      return { ...manifest, status: { phase: 'Active' } };
    default:
      return manifest;
  }
}

const gatedCondition = () => ({
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
  lastTransitionTime: null,
});

/** An address that looks like one and is the same each time; nothing answers there. */
function clusterAddress(name: string): string {
  let sum = 7;
  for (const byte of Buffer.from(name)) sum = (sum * 31 + byte) & 0xffff;
  return `10.96.${sum >> 8}.${sum & 0xff}`;
}
