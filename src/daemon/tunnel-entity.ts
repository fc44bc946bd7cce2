import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { usesGateway } from '../contract/gateway.ts';
import { shownState } from '../contract/shown-state.ts';
import type { TunnelState, Wanted } from '../contract/tunnel-state.ts';
import { localPortOf } from '../profile/local-address.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';
import type { TunnelRecord } from './tunnel-record.ts';
import type { TunnelRun } from './tunnel-run.ts';

export interface EntityParts {
  /** As it is to be from its next start on. */
  readonly definition: TunnelDefinition;
  readonly run: TunnelRun | undefined;
  readonly record: TunnelRecord;
  readonly wanted: Wanted;
  readonly state: TunnelState;
  readonly upSinceMs: number | undefined;
  readonly keptPort: number | undefined;
  readonly unrecorded: ErrorData | undefined;
}

/** One tunnel as faces see it: by what it runs with, else by what it would start with. */
export function tunnelEntity(parts: EntityParts): TunnelEntity {
  const { definition, run, record, wanted, state, upSinceMs, keptPort, unrecorded } = parts;
  const { id, name, origin, profile } = run?.definition ?? definition;
  const {
    description,
    kind = 'tcp',
    connection,
    policy,
    namespace,
    target,
    port,
    local,
    onDemand = false,
  } = profile;
  const { lease, local: end } = run ?? {};
  return {
    id,
    name,
    origin,
    description,
    kind,
    connection,
    environment: policy?.environment,
    namespace: namespace ?? lease?.api.namespace,
    target,
    port,
    cluster: lease && { context: lease.api.contextName, server: lease.api.server },
    wanted,
    state,
    shown: shownState(wanted, state),
    onDemand,
    addresses: [...(end?.addresses ?? [])],
    localPort: localPortOf(local) ?? keptPort,
    connections: end?.connections ?? 0,
    held: end?.held ?? 0,
    traffic: record.traffic(end?.traffic),
    connectTimes: record.connectTimes.summary,
    upSinceMs,
    limit: run?.limit,
    lastError: record.lastError,
    reason: run?.reason,
    unrecorded,
    gateway: usesGateway({ kind, connection, policy }),
    ...(run && run.notices.length > 0 && { notices: [...run.notices] }),
    questions: run?.questions ?? [],
    profileChanged:
      run !== undefined && !definition.problem && run.definition.runDigest !== definition.runDigest,
    profileProblem: run && !run.definition.problem ? definition.problem : undefined,
  };
}
