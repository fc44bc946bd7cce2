import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { classNames } from '../../components/class-names.ts';
import { Meter } from '../../components/meter.tsx';
import { Section } from '../../components/section.tsx';
import { useNow } from '../../state/app-state.ts';
import { usePolicy } from './policy.ts';
import { type PolicyBound, policyBounds, policyRules } from './policy-bounds.ts';
import { ProlongButton } from './prolong-button.tsx';

/**
 * What bounds it, with what is left of that, and what else its policy asks; nothing where there is no policy. A limit that is near is told of
 * above, with the button that helps.
 */
export function PolicySection({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const nowMs = useNow();
  const policy = usePolicy(tunnel.id);
  const bounds = policyBounds(tunnel, policy, nowMs);
  const rules = policyRules(policy);
  if (bounds.length === 0 && rules.length === 0 && !tunnel.reason) return null;
  return (
    <Section title="Policy" aside={tunnel.limit && !tunnel.limit.isNear && <ProlongButton tunnel={tunnel} />}>
      {bounds.map((bound) => (
        <Bound key={bound.name} bound={bound} />
      ))}
      {rules.length > 0 && (
        <ul className="flex flex-col gap-0.5">
          {rules.map((rule) => (
            <li key={rule} className="wrap-anywhere">
              {rule}
            </li>
          ))}
        </ul>
      )}
      {tunnel.reason && (
        <p className="wrap-anywhere">
          <span className="text-muted">Opened for </span>
          {tunnel.reason}
        </p>
      )}
    </Section>
  );
}

function Bound({ bound: { name, words, share, isNear } }: { readonly bound: PolicyBound }) {
  return (
    <div className="flex flex-col gap-1 pb-1">
      <p className="grid grid-cols-[84px_minmax(0,1fr)] gap-x-3">
        <span className="text-muted">{name}</span>
        <span className={classNames(isNear && 'font-medium text-waiting')}>{words}</span>
      </p>
      {share !== undefined && <Meter label={name} share={share} words={words} isNear={isNear} />}
    </div>
  );
}
