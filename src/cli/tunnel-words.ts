import { formatDuration } from '../base/duration.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { errorText } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { calledAs } from './print-error.ts';

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

/** Where programs on this machine connect: the IPv4 address of a pair of loopback addresses, as clients try that first. */
export function localWords(tunnel: Pick<TunnelEntity, 'addresses' | 'localPort'>): string {
  const { addresses, localPort } = tunnel;
  const best =
    addresses.find((address) => address.kind === 'tcp' && !address.address.includes(':')) ?? addresses[0];
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
  return elapsedMs < 1_000 ? shown : `${shown} ${formatDuration(elapsedMs)}`;
}

/** What is to be said of a state besides its name: the pod, the step, why it waits, what it needs. */
export function situation({ state, held, onDemand, wanted }: TunnelEntity, program?: string): string {
  const waiting = held > 0 ? ` · ${count(held, 'connection')} held` : '';
  switch (state.kind) {
    case 'ready':
      return `${podWords(state.pod)}${waiting}`;
    case 'connecting':
      return `${state.step}${waiting}`;
    case 'waiting': {
      const next = state.pod ? ` · ${shortUid(state.pod.uid)}` : '';
      return `${errorText(state.reason).headline}${next}${waiting}`;
    }
    case 'blocked': {
      const { headline, next } = errorText(state.error);
      return `${headline}${next ? `: ${calledAs(next, program)}` : ''}${waiting}`;
    }
    case 'off':
      return onDemand && wanted === 'on' ? 'on demand: connects when a client comes' : '';
  }
}

/** When its state began; of one that is off nothing is said. */
export function sinceWords({ state }: TunnelEntity, nowMs: number): string {
  return 'sinceMs' in state ? formatDuration(Math.max(0, nowMs - state.sinceMs)) : '';
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
