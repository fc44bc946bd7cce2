import { formatDuration } from '../base/duration.ts';
import { bestAddress } from '../contract/best-address.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { type ErrorData, errorText } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { forbidsHostNetwork } from '../contract/policy.ts';
import type { Profile } from '../contract/profile.ts';
import { calledAs } from './called-as.ts';

/** The first four characters, which tell pods of one name apart. */
export function shortUid(uid: string): string {
  return uid.slice(0, 4);
}

/** postgres-0 · 7f3a · node-1 · primary */
export function podWords(pod: PodIdentity): string {
  return [pod.name, shortUid(pod.uid), pod.node, pod.role, pod.hostNetwork ? 'host network' : undefined]
    .filter((fact) => fact !== undefined)
    .join(' · ');
}

/** Of one that took the place of another of its name: postgres-0 is a new pod, 7f3a, was 2c98 · node-1 · primary */
export function newPodWords(pod: PodIdentity, before: PodIdentity | undefined): string {
  if (before?.name !== pod.name || before.uid === pod.uid) return podWords(pod);
  const [first, ...others] = podWords(pod).split(' · ').slice(1);
  return [`${pod.name} is a new pod, ${first}, was ${shortUid(before.uid)}`, ...others].join(' · ');
}

/** Where programs on this machine connect. */
export function localWords(tunnel: Pick<TunnelEntity, 'addresses' | 'localPort'>): string {
  const { addresses, localPort } = tunnel;
  const best = bestAddress(addresses);
  if (best?.kind === 'unix') return best.path;
  if (best) return hostPort(best.address, best.port);
  return localPort === undefined ? '' : `:${localPort}`;
}

export function hostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** waiting 12 s: a state in which a person waits counts from its second second on. */
export function stateWords({ shown, state }: Pick<TunnelEntity, 'shown' | 'state'>, nowMs: number): string {
  if ((shown !== 'waiting' && shown !== 'connecting') || !('sinceMs' in state)) return shown;
  const elapsedMs = nowMs - state.sinceMs;
  return elapsedMs < 1_000 ? shown : `${shown} ${elapsedWords(elapsedMs)}`;
}

/** What is to be said of a state besides its name: the pod, the step, why it waits, what it needs. */
export function situation(tunnel: TunnelEntity, program?: string): string {
  const { state, held, onDemand, wanted } = tunnel;
  const more = [
    held > 0 ? ` · ${count(held, 'connection')} held` : '',
    tunnel.unrecorded ? ' · not recorded' : '',
    tunnel.limit?.isNear ? ` · ${limitWords(tunnel, program)}` : '',
  ].join('');
  switch (state.kind) {
    case 'ready':
      return `${podWords(state.pod)}${more}`;
    case 'connecting':
      return `${state.step}${more}`;
    case 'waiting': {
      const next = state.pod ? ` · ${shortUid(state.pod.uid)}` : '';
      return `${errorText(state.reason).headline}${next}${more}`;
    }
    case 'blocked':
      return `${withNext(state.error, program)}${more}`;
    case 'off':
      if (onDemand && wanted === 'on') return 'on demand: connects when a client comes';
      return state.reason ? withNext(state.reason, program) : '';
  }
}

/** ends at 14:05: sallyport up orders-db --prolong. Empty where nothing ends it by itself. */
export function limitWords(
  { name, limit }: Pick<TunnelEntity, 'name' | 'limit'>,
  program = 'sallyport',
): string {
  if (!limit) return '';
  const { kind, endsAtMs, limitMs, isNear } = limit;
  // As exactly as matters: with seconds where it is minutes, with the day where it may be another one.
  const [from, to] = [limitMs < 86_400_000 ? 11 : 0, limitMs < 600_000 ? 19 : 16];
  const ends = `ends at ${timeWords(endsAtMs).slice(from, to)}`;
  if (kind === 'idle') return `${ends} unless somebody connects`;
  return isNear ? `${ends}: ${program} up ${name} --prolong` : ends;
}

/** What a policy asks and limits, each in a few words. */
export function policyWords(policy: Profile['policy'] = {}): string[] {
  const { environment, reason, confirm, timeLimit, idleLimit, maxConnections, programs } = policy;
  const { readOnly, statementAudit, gateway, superuser, replication, trust } = policy;
  const { passwordless, localPasswordLifetime } = policy;
  return [
    environment,
    reason && 'asks for a reason',
    confirm && 'asks for a yes',
    timeLimit && `ends after ${timeLimit}`,
    idleLimit && `ends after ${idleLimit} without a connection`,
    maxConnections && `at most ${count(maxConnections, 'connection')}`,
    programs && `for ${count(programs.length, 'program')} alone`,
    gateway && 'through the gateway alone',
    readOnly && 'read-only',
    statementAudit && 'statements recorded',
    passwordless && `no password for ${passwordless.join(', ')}`,
    localPasswordLifetime && `its password ends after ${localPasswordLifetime}`,
    superuser === 'forbid' && 'no superuser',
    replication === 'forbid' && 'no replication',
    trust === 'forbid' && 'no database that trusts everybody',
    forbidsHostNetwork(policy) && "no pod of a node's network",
  ].filter((words) => typeof words === 'string');
}

function withNext(error: ErrorData, program: string | undefined): string {
  const { headline, next } = errorText(error);
  return `${headline}${next ? `: ${calledAs(next, program)}` : ''}`;
}

/** When its state began; of one that is off nothing is said. */
export function sinceWords({ state }: TunnelEntity, nowMs: number): string {
  return 'sinceMs' in state ? elapsedWords(Math.max(0, nowMs - state.sinceMs)) : '';
}

/** Of what goes on: in whole seconds, as tenths would never stand still. */
function elapsedWords(elapsedMs: number): string {
  return elapsedMs < 10_000 ? `${Math.floor(elapsedMs / 1_000)} s` : formatDuration(elapsedMs);
}

export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** 3.4 MiB */
export function bytesWords(sizeBytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [size, unit] = [sizeBytes, 0];
  for (; size >= 1_024 && unit < units.length - 1; unit++) size /= 1_024;
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** The day and time of here, as logs have it. */
export function timeWords(atMs: number): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  const at = new Date(atMs);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}
