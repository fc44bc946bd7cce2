import { useQuery } from '@tanstack/react-query';
import { CircleAlert, X as No, RotateCw, Check as Yes } from 'lucide-react';
import { AppError } from '../../../src/base/app-error.ts';
import { podWords, timeWords } from '../../../src/client/tunnel-words.ts';
import type { Check } from '../../../src/contract/control-check.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { CopyTextButton } from '../../components/copy-text-button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Section } from '../../components/section.tsx';
import { useAppState } from '../../state/app-state.ts';

type Rule = Check['access']['allowed'][number];

/** An answer is looked at again without asking for so long: rights change seldom, and each check is some requests to the cluster. */
const freshMs = 60_000;

/** What its target points at and what its user may do there: asked when somebody looks, and again by a click. */
export default function CheckTab({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { api } = useAppState();
  const { data, error, isFetching, dataUpdatedAt, refetch } = useQuery({
    queryKey: ['check', tunnel.id],
    queryFn: ({ signal }) => api.call('check', { name: tunnel.id }, { signal }),
    staleTime: freshMs,
    retry: false,
  });
  return (
    <div aria-busy={isFetching} className="flex flex-col gap-4">
      <div className="flex items-center justify-between gap-2">
        <p role="status" className="text-muted">
          {isFetching ? 'Asking the API server…' : data ? `As of ${timeWords(dataUpdatedAt).slice(11)}` : ''}
        </p>
        <Button icon={RotateCw} disabled={isFetching} onClick={() => void refetch()}>
          Check again
        </Button>
      </div>
      {error && !isFetching && <ErrorNote error={AppError.from(error).toData()} />}
      {data && !error && <Outcome tunnel={tunnel} check={data} />}
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
        <p className="text-muted wrap-anywhere">
          {`${access.user ?? 'The user of this context'} in namespace ${access.namespace}`}
        </p>
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
      aside={<CopyTextButton copied={{ of: `Role of ${tunnel.id}`, what: title }} label="Copy Role" text={yaml} />}
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

/** create pods/portforward postgres-0 */
function ruleWords({ verb, group, resource, name }: Rule): string {
  return [verb, `${resource}${group ? `.${group}` : ''}`, name].filter(Boolean).join(' ');
}
