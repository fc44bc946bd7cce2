import { CircleAlert, CircleCheck, CircleDashed, CircleMinus, CircleX, LoaderCircle } from 'lucide-react';
import type { Outcome } from './check-outcome.ts';

const marks = {
  good: { icon: CircleCheck, color: 'text-accent', name: 'good' },
  degraded: { icon: CircleMinus, color: 'text-waiting', name: 'works with less' },
  absent: { icon: CircleAlert, color: 'text-waiting', name: 'no pod' },
  bad: { icon: CircleX, color: 'text-needs', name: 'not possible' },
  unknown: { icon: CircleDashed, color: 'text-muted', name: 'not checked' },
  running: { icon: LoaderCircle, color: 'text-muted animate-turn', name: 'being checked' },
} as const;

export interface OutcomeMarkProps {
  readonly outcome: Outcome | 'unknown' | 'running';
}

/** What a check found, as a sign of its own shape. */
export function OutcomeMark({ outcome }: OutcomeMarkProps) {
  const { icon: Icon, color, name } = marks[outcome];
  return (
    <>
      <Icon size={15} aria-hidden className={`shrink-0 ${color}`} />
      <span className="sr-only">{name}</span>
    </>
  );
}
