import { CircleAlert, X as No, RotateCw, Check as Yes } from 'lucide-react';
import { useEffect } from 'react';
import { ruleWords, whoWords } from '../../../src/client/check-words.ts';
import { podWords, timeWords } from '../../../src/client/tunnel-words.ts';
import type { Check } from '../../../src/contract/control-check.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { CopyTextButton } from '../../components/copy-text-button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Section } from '../../components/section.tsx';
import { useAppState, useCheck } from '../../state/app-state.ts';

/** An answer is looked at again without asking for so long: rights change seldom, and each check is some requests to the cluster. */
const freshMs = 60_000;

/** What its target points at and what its user may do there: asked when somebody looks, and again by a click. */
export default function CheckTab({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { clock, checks } = useAppState();
  const { running = false, found } = useCheck(tunnel.id);
  useEffect(() => {
    const { found } = checks.of(tunnel.id);
    if (!found || clock.wallMs() - found.atMs > freshMs) checks.run([tunnel.id]);
  }, [checks, clock, tunnel.id]);
  return (
    <div aria-busy={running} className="flex flex-col gap-4">
      <div className="flex items-center justify-between gap-2">
        <p role="status" className="text-muted">
          {running ? 'Asking the API server…' : found ? `As of ${timeWords(found.atMs).slice(11)}` : ''}
        </p>
        <Button icon={RotateCw} disabled={running} onClick={() => checks.run([tunnel.id])}>
          Check again
        </Button>
      </div>
      {found?.kind === 'failed' && !running && <ErrorNote error={found.error} />}
      {found?.kind === 'checked' && <Outcome tunnel={tunnel} check={found.check} />}
    </div>
  );
}

function Outcome({ tunnel, check }: { readonly tunnel: TunnelEntity; readonly check: Check }) {
  const { resolved, access, missingRole, leastRole } = check;
  return (
    <>
      <Section title="Target">
        <Line look={resolved.resolution.kind === 'pod' ? 'yes' : 'half'}>{resolvedWords(resolved)}</Line>
      </Section>
      <Section title="Rights">
        <p className="text-muted wrap-anywhere">{`${whoWords(access)} in namespace ${access.namespace}`}</p>
        {access.missing.map((rule) => (
          <Line key={ruleWords(rule)} look="no">{`may not ${ruleWords(rule)}`}</Line>
        ))}
        {access.degraded.map((rule) => (
          <Line key={ruleWords(rule)} look="half">{`may not ${ruleWords(rule)}: done without`}</Line>
        ))}
        {access.allowed.map((rule) => (
          <Line key={ruleWords(rule)} look="yes">{`may ${ruleWords(rule)}`}</Line>
        ))}
        {access.next && <p className="mt-1 wrap-anywhere">{access.next}</p>}
      </Section>
      {missingRole ? (
        <RoleText tunnel={tunnel} title="Role to ask for" yaml={missingRole} />
      ) : (
        <details className="group">
          <summary className="caption cursor-pointer rounded-sm">The least Role that it takes</summary>
          <div className="mt-2">
            <RoleText tunnel={tunnel} title="Least Role" yaml={leastRole} />
          </div>
        </details>
      )}
    </>
  );
}

interface RoleTextProps {
  readonly tunnel: TunnelEntity;
  readonly title: string;
  readonly yaml: string;
}

function RoleText({ tunnel, title, yaml }: RoleTextProps) {
  return (
    <Section
      title={title}
      aside={
        <CopyTextButton copied={{ of: `Role of ${tunnel.id}`, what: title }} label="Copy Role" text={yaml} />
      }
    >
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
        tabIndex={0}
        aria-label={`${title}, YAML`}
        className="max-h-80 overflow-auto rounded border border-line bg-ground p-3"
      >
        <pre className="mono">{yaml.trimEnd()}</pre>
      </section>
    </Section>
  );
}

const looks = {
  yes: { Icon: Yes, color: 'text-ready' },
  half: { Icon: CircleAlert, color: 'text-waiting' },
  no: { Icon: No, color: 'text-needs' },
};

function Line({ look, children }: { readonly look: keyof typeof looks; readonly children: string }) {
  const { Icon, color } = looks[look];
  return (
    <p className="flex items-start gap-2">
      <Icon size={14} aria-hidden className={`mt-[3px] shrink-0 ${color}`} />
      <span className="min-w-0 wrap-anywhere">{children}</span>
    </p>
  );
}

function resolvedWords({ target, resolution }: Check['resolved']): string {
  if (resolution.kind === 'none') return `${target}: ${errorText(resolution.reason).headline}`;
  const port = `port ${resolution.port}`;
  const readiness = resolution.serving ? '' : ' · not ready, tried because it is named directly';
  return `${target} is ${podWords(resolution.pod)}, ${port}${readiness}`;
}
