import type { ProfileChange } from '../../../src/contract/profile-snapshot.ts';
import { DiffEntry, ValueDiff } from '../../components/value-diff.tsx';
import { type ChangeWeight, changeWeight, weightWords } from './change-weight.ts';

export interface ProfileDiffProps {
  readonly name: string;
  readonly changes: readonly ProfileChange[];
}

/** What differs in a profile, value by value, with what loosens a bound or leads elsewhere marked as that. */
export function ProfileDiff({ name, changes }: ProfileDiffProps) {
  return (
    <ValueDiff label={`What differs in ${name}`}>
      {changes.map((change) => (
        <DiffEntry key={change.path} {...change} mark={<WeightMark weight={changeWeight(change)} />} />
      ))}
    </ValueDiff>
  );
}

export function WeightMark({ weight }: { readonly weight: ChangeWeight }) {
  if (weight === 'plain') return null;
  const look =
    weight === 'guard'
      ? 'border-edge text-text'
      : weight === 'elsewhere'
        ? 'border-waiting text-waiting'
        : 'border-needs text-needs';
  return (
    <span className={`rounded-sm border px-1 text-xs font-medium whitespace-nowrap ${look}`}>
      {weightWords[weight]}
    </span>
  );
}
