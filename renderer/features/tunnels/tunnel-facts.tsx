import type { ReactNode } from 'react';
import { bytesWords, count, limitWords, policyWords, timeWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import type { PodIdentity } from '../../../src/contract/pod.ts';
import { Fact, Facts } from '../../components/facts.tsx';
import { useThroughput, useView } from '../../state/app-state.ts';
import { rateWords } from './rate-words.ts';

/** Which pod answers, where the tunnel leads, what went through, and what bounds it. */
export function TunnelFacts({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { state } = tunnel;
  return (
    <div className="flex flex-col gap-4">
      {state.kind === 'ready' && <PodFacts pod={state.pod} />}
      <Group title="Target">
        <Fact name="Target">{tunnel.target}</Fact>
        <Fact name="Port">{tunnel.port}</Fact>
        {tunnel.namespace && <Fact name="Namespace">{tunnel.namespace}</Fact>}
        {tunnel.cluster && <Fact name="Context">{tunnel.cluster.context}</Fact>}
        {tunnel.connection?.database && <Fact name="Database">{tunnel.connection.database}</Fact>}
        {tunnel.connection?.user && <Fact name="User">{tunnel.connection.user}</Fact>}
      </Group>
      {tunnel.wanted === 'on' && <TrafficFacts tunnel={tunnel} />}
      <PolicyFacts tunnel={tunnel} />
    </div>
  );
}

function PodFacts({ pod }: { readonly pod: PodIdentity }) {
  return (
    <Group title="Pod">
      <Fact name="Name">{pod.name}</Fact>
      <Fact name="UID">
        <span className="font-mono text-xs select-all">{pod.uid}</span>
      </Fact>
      {pod.node && <Fact name="Node">{pod.node}</Fact>}
      {pod.role && <Fact name="Role">{pod.role}</Fact>}
      {pod.image && <Fact name="Image">{pod.image}</Fact>}
      <Fact name="Restarts">{pod.restarts}</Fact>
      {!pod.ready && <Fact name="Readiness">not ready, tried because it is named directly</Fact>}
      {pod.hostNetwork && <Fact name="Network">the node's own</Fact>}
    </Group>
  );
}

function TrafficFacts({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { traffic, connections, held } = tunnel;
  const rates = useThroughput(tunnel.id);
  return (
    <Group title="Traffic">
      <Fact name="Connections">
        {`${connections} now${held > 0 ? `, ${held} held` : ''} · ${traffic.served} served${traffic.failed > 0 ? ` · ${traffic.failed} failed` : ''}`}
      </Fact>
      <Fact name="Bytes">
        {`${bytesWords(traffic.receivedBytes)} received · ${bytesWords(traffic.sentBytes)} sent`}
      </Fact>
      <Fact name="Rate">{rateWords(rates)}</Fact>
      {traffic.recoveries > 0 && (
        <Fact name="Recoveries">{count(traffic.recoveries, 'outage')} outlived</Fact>
      )}
    </Group>
  );
}

function PolicyFacts({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const policy = useView(
    ({ profiles }) => profiles.profiles.find(({ id }) => id === tunnel.id)?.profile.policy,
  );
  const words = policyWords(policy);
  const ends = limitWords(tunnel);
  if (words.length === 0 && !ends && !tunnel.reason) return null;
  return (
    <Group title="Policy">
      {words.length > 0 && <Fact name="Bounds">{words.join(' · ')}</Fact>}
      {tunnel.limit && (
        <Fact name="Time limit">
          <span title={timeWords(tunnel.limit.endsAtMs)}>{ends}</span>
        </Fact>
      )}
      {tunnel.reason && <Fact name="Reason">{tunnel.reason}</Fact>}
    </Group>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1.5">
      <h3 className="caption">{title}</h3>
      <Facts>{children}</Facts>
    </div>
  );
}
