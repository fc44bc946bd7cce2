import type { Profile } from '../../../src/contract/profile.ts';

/** service/postgres in data, port 5432 → 15432 here, context prod */
export function profileWords({ target, namespace, port, local, cluster }: Profile): string {
  const here =
    typeof local === 'number'
      ? `${local} here`
      : local && 'socket' in local
        ? local.socket
        : local
          ? `${local.port} here`
          : 'any free port here';
  const where = cluster.context ? `context ${cluster.context}` : cluster.server;
  return [`${target} in ${namespace}`, `port ${port} → ${here}`, where].filter(Boolean).join(', ');
}
