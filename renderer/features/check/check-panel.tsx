import { Minus, Check as Tick, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { auditPolicyRule } from '../../../src/client/audit-policy.ts';
import { readinessWords, ruleWords, whoWords } from '../../../src/client/check-words.ts';
import { podWords, timeWords } from '../../../src/client/tunnel-words.ts';
import type { Check } from '../../../src/contract/control-check.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fact, Facts } from '../../components/facts.tsx';
import { MiddleTruncate } from '../../components/middle-truncate.tsx';
import { Section } from '../../components/section.tsx';
import { useAppState, useCheck, useTunnel } from '../../state/app-state.ts';
import { outcomeOf } from './check-outcome.ts';
import { OutcomeMark } from './outcome-mark.tsx';
import { YamlBlock } from './yaml-block.tsx';

const summaries = {
  good: 'A pod answers, and you may reach it.',
  degraded: 'It works, with less than it could use.',
  absent: 'You may reach it, and no pod is there now.',
  bad: 'It cannot be reached as things are.',
} as const;

/** The preflight of one tunnel: what it means now, what the user may do, and what to ask for. */
export function CheckPanel({ id }: { readonly id: string }) {
  const { checks } = useAppState();
  const tunnel = useTunnel(id);
  const { running, found } = useCheck(id);
  if (!tunnel) return null;
  const outcome = found && outcomeOf(found).outcome;
  return (
    <div className="flex flex-col gap-4">
      <header className="flex flex-col gap-1">
        <div className="flex items-center gap-2">
          <h2 className="min-w-0 flex-1 text-lg font-semibold">
            <MiddleTruncate text={tunnel.name} />
          </h2>
          <Button look={found ? 'plain' : 'primary'} disabled={running} onClick={() => checks.run([id])}>
            {found ? 'Check again' : 'Check'}
          </Button>
        </div>
        <p role="status" className="flex items-center gap-2">
          <OutcomeMark outcome={running ? 'running' : (outcome ?? 'unknown')} />
          <span>{running ? 'Asking the cluster…' : outcome ? summaries[outcome] : 'Not checked yet.'}</span>
          {found && !running && <span className="text-muted">{timeWords(found.atMs).slice(11)}</span>}
        </p>
      </header>
      {found?.kind === 'failed' && <ErrorNote error={found.error} />}
      {found?.kind === 'checked' && <Found id={id} check={found.check} />}
      {!found && !running && (
        <p className="text-muted">
          {`It asks the cluster which pod ${tunnel.target} means now and what you may do there. Nothing is started.`}
        </p>
      )}
    </div>
  );
}

function Found({ id, check }: { readonly id: string; readonly check: Check }) {
  const { resolved, access, missingRole, leastRole } = check;
  const { resolution, target, port, namespace, context, server } = resolved;
  const isRefused = access.missing.length > 0;
  return (
    <>
      {isRefused && <Rights access={access} />}
      {missingRole && (
        <YamlBlock
          of={id}
          title="The Role to ask for"
          use="Grants what is missing, and no more. Send it to whoever gives rights in the namespace."
          yaml={missingRole}
          isOpen
        />
      )}
      <Section title="Pod">
        {resolution.kind === 'none' ? (
          <ErrorNote error={resolution.reason} tone="waiting" />
        ) : (
          <Facts>
            <Fact name="Pod">{podWords(resolution.pod)}</Fact>
            <Fact name="Readiness">{readinessWords(resolution)}</Fact>
            <Fact name="Port">{resolution.port}</Fact>
            {resolution.pod.container && <Fact name="Container">{resolution.pod.container}</Fact>}
            {resolution.pod.restarts > 0 && <Fact name="Restarts">{resolution.pod.restarts}</Fact>}
          </Facts>
        )}
      </Section>
      <Section title="Target">
        <Facts>
          <Fact name="Target">{`${target}, port ${port}`}</Fact>
          <Fact name="Namespace">{namespace}</Fact>
          <Fact name="Context">{context}</Fact>
          <Fact name="API server">
            <span className="mono select-all">{server}</span>
          </Fact>
        </Facts>
      </Section>
      {!isRefused && <Rights access={access} />}
      <div className="flex flex-col gap-2">
        <YamlBlock
          of={id}
          title="The least Role"
          use="All that this target takes, whatever of it is granted already."
          yaml={leastRole}
        />
        <YamlBlock
          of={id}
          title="Audit rule for the cluster"
          use="For the API server's audit policy: the cluster then records who forwards, by an Audit-ID that stands in the log here too."
          yaml={auditPolicyRule(namespace)}
        />
      </div>
    </>
  );
}

/** What is missing first. */
function Rights({ access }: Pick<Check, 'access'>) {
  const { namespace, allowed, missing, degraded, next } = access;
  return (
    <Section title="Rights">
      <p className="wrap-anywhere">{`${whoWords(access)} in namespace ${namespace}`}</p>
      <ul aria-label="Rights" className="flex flex-col gap-0.5">
        {missing.map((rule) => (
          <Right key={ruleWords(rule)} icon={<X size={14} className="text-needs" aria-hidden />}>
            {`may not ${ruleWords(rule)}`}
          </Right>
        ))}
        {degraded.map((rule) => (
          <Right key={ruleWords(rule)} icon={<Minus size={14} className="text-waiting" aria-hidden />}>
            {`may not ${ruleWords(rule)}: done without`}
          </Right>
        ))}
        {allowed.map((rule) => (
          <Right key={ruleWords(rule)} icon={<Tick size={14} className="text-accent" aria-hidden />}>
            {`may ${ruleWords(rule)}`}
          </Right>
        ))}
      </ul>
      {next && (
        <p className="wrap-anywhere">
          <span className="caption mr-1.5">Next</span>
          {next}
        </p>
      )}
    </Section>
  );
}

function Right({ icon, children }: { readonly icon: ReactNode; readonly children: string }) {
  return (
    <li className="flex items-start gap-2">
      <span className="flex h-5 shrink-0 items-center">{icon}</span>
      <span className="min-w-0 wrap-anywhere">{children}</span>
    </li>
  );
}
