import { TimerReset } from 'lucide-react';
import { type SubmitEvent, useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { type ErrorData, errorText } from '../../../src/contract/error-codes.ts';
import type { Profile } from '../../../src/contract/profile.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useAppState } from '../../state/app-state.ts';
import { usePolicy } from './policy.ts';

/** Its limits count from now on. What its policy asks before a start is asked again. */
export function ProlongButton({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const policy = usePolicy(tunnel.id);
  const { api, actions } = useAppState();
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<ErrorData>();
  const isAsked = Boolean(policy?.reason || policy?.confirm);
  const prolong = async (reason?: string) => {
    const { outcomes } = await api.call('up', {
      names: [tunnel.id],
      prolong: true,
      confirmed: isAsked,
      ...(reason && { reason }),
    });
    const error = outcomes.find((outcome) => outcome.error)?.error;
    if (error) throw new AppError(error.code, error.details);
  };
  const answered = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = new FormData(event.currentTarget).get('reason');
    try {
      await prolong(typeof reason === 'string' ? reason : undefined);
      setAsking(false);
    } catch (thrown) {
      setProblem(AppError.from(thrown).toData());
    }
  };
  const clicked = () => {
    setProblem(undefined);
    if (isAsked) setAsking(true);
    else prolong().catch((thrown) => actions.failed(tunnel.id, thrown));
  };
  return (
    <>
      <Button icon={TimerReset} onClick={clicked}>
        Prolong
      </Button>
      <Dialog
        open={isAsking}
        onOpenChange={setAsking}
        title={`Keep ${tunnel.name} open?`}
        description="Its limits count from now on. That it was prolonged is on record."
      >
        <form onSubmit={(event) => void answered(event)} className="flex flex-col gap-3">
          {policy?.reason && <ReasonField reason={policy.reason} problem={problem} />}
          {problem && !policy?.reason && <p className="text-needs">{errorText(problem).headline}</p>}
          <DialogActions>
            <Button onClick={() => setAsking(false)}>Cancel</Button>
            <Button type="submit" look="primary">
              Prolong
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}

interface ReasonFieldProps {
  readonly reason: NonNullable<NonNullable<Profile['policy']>['reason']>;
  readonly problem: ErrorData | undefined;
}

function ReasonField({ reason, problem }: ReasonFieldProps) {
  const { pattern, example } = typeof reason === 'object' ? reason : {};
  return (
    <TextField
      name="reason"
      label="Reason"
      required
      maxLength={500}
      placeholder={example}
      hint={pattern && `It has to match ${pattern}`}
      problem={problem && errorText(problem).headline}
    />
  );
}
