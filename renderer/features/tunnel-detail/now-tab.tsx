import { formatDuration } from '../../../src/base/duration.ts';
import { bytesWords, count, timeWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import type { PodIdentity } from '../../../src/contract/pod.ts';
import { Fact, Facts } from '../../components/facts.tsx';
import { Section } from '../../components/section.tsx';
import { useThroughput } from '../../state/app-state.ts';
import { rateWords } from '../tunnels/rate-words.ts';
import { PolicySection } from './policy-section.tsx';

/** Which pod answers, where the tunnel leads, what went through, and what bounds it. */
export function NowTab({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { state } = tunnel;
  return (
    <div className="flex flex-col gap-4">
      {state.kind === 'ready' && <PodFacts pod={state.pod} sinceMs={state.sinceMs} port={state.port} />}
      <Section title="Target">
        <Facts>
          <Fact name="Target">{tunnel.target}</Fact>
          <Fact name="Port">{tunnel.port}</Fact>
          {tunnel.namespace && <Fact name="Namespace">{tunnel.namespace}</Fact>}
          {tunnel.cluster && <Fact name="Context">{tunnel.cluster.context}</Fact>}
          {tunnel.connection?.database && <Fact name="Database">{tunnel.connection.database}</Fact>}
          {tunnel.connection?.user && <Fact name="User">{tunnel.connection.user}</Fact>}
        </Facts>
      </Section>
      {tunnel.wanted === 'on' && <TrafficFacts tunnel={tunnel} />}
      <PolicySection tunnel={tunnel} />
    </div>
  );
}

interface PodFactsProps {
  readonly pod: PodIdentity;
  readonly port: number;
  /** Since when it answers through this tunnel. */
  readonly sinceMs: number;
}

function PodFacts({ pod, port, sinceMs }: PodFactsProps) {
  return (
    <Section title="Pod">
      <Facts>
        <Fact name="Name">{pod.name}</Fact>
        <Fact name="UID">
          <span className="font-mono text-xs select-all">{pod.uid}</span>
        </Fact>
        {pod.role && <Fact name="Role">{pod.role}</Fact>}
        {pod.node && <Fact name="Node">{pod.node}</Fact>}
        {pod.ip && <Fact name="Address">{`${pod.ip}:${port}`}</Fact>}
        {pod.container && <Fact name="Container">{pod.container}</Fact>}
        {pod.image && <Fact name="Image">{pod.image}</Fact>}
        <Fact name="Restarts">{pod.restarts}</Fact>
        <Fact name="Ready since">{timeWords(sinceMs)}</Fact>
        {!pod.ready && <Fact name="Readiness">not ready, tried because it is named directly</Fact>}
        {pod.hostNetwork && <Fact name="Network">the node's own</Fact>}
      </Facts>
    </Section>
  );
}

function TrafficFacts({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { traffic, connections, held, connectTimes } = tunnel;
  const rates = useThroughput(tunnel.id);
  return (
    <Section title="Traffic">
      <Facts>
        <Fact name="Connections">
          {`${connections} now${held > 0 ? `, ${held} held` : ''} · ${traffic.served} served${traffic.failed > 0 ? ` · ${traffic.failed} failed` : ''}`}
        </Fact>
        <Fact name="Bytes">
          {`${bytesWords(traffic.receivedBytes)} received · ${bytesWords(traffic.sentBytes)} sent`}
        </Fact>
        <Fact name="Rate">{rateWords(rates)}</Fact>
        {connectTimes && (
          <Fact name="To connect">
            {`${formatDuration(connectTimes.p50Ms)} median · ${formatDuration(connectTimes.p99Ms)} p99 of the last ${connectTimes.samples}`}
          </Fact>
        )}
        {traffic.recoveries > 0 && (
          <Fact name="Recoveries">{count(traffic.recoveries, 'outage')} outlived</Fact>
        )}
      </Facts>
    </Section>
  );
}
