import { useQuery } from '@tanstack/react-query';
import { ShieldAlert, ShieldCheck, ShieldQuestionMark } from 'lucide-react';
import { useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import { plain } from '../../../src/client/audit-words.ts';
import { timeWords } from '../../../src/client/tunnel-words.ts';
import { verdictWords, verifiedSize } from '../../../src/client/verdict-words.ts';
import type { VerifiedLog } from '../../../src/contract/audit-verdict.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { useAppState } from '../../state/app-state.ts';
import { overallVerdict, verdictSummary } from './overall-verdict.ts';

/** Each byte of every log is read, which may be gigabytes. */
const verifyTimeoutMs = 600_000;

/** Whether the logs are what was written: asked for, never assumed. */
export function Verification() {
  const { api } = useAppState();
  const [isOpen, setOpen] = useState(false);
  const verification = useQuery({
    queryKey: ['audit-verify'],
    queryFn: ({ signal }) => api.call('auditVerify', {}, { signal, timeoutMs: verifyTimeoutMs }),
    enabled: false,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const { data, error, isFetching, dataUpdatedAt, refetch } = verification;
  // What was found before says nothing where it could not be looked at again.
  const logs = error ? undefined : data?.logs;
  const verdict = logs && overallVerdict(logs);
  const isBad = verdict === 'broken' || verdict === 'cut';
  const Icon = !verdict ? ShieldQuestionMark : verdict === 'intact' ? ShieldCheck : ShieldAlert;
  return (
    <div className="shrink-0 border-b border-line bg-ground">
      <div className="flex min-h-10 items-center gap-2 py-1 pr-2 pl-4">
        <Icon
          size={15}
          aria-hidden
          className={classNames(
            'shrink-0',
            isBad ? 'text-needs' : verdict === 'unsigned' ? 'text-waiting' : 'text-accent',
          )}
        />
        <p role={isBad && !isFetching ? 'alert' : 'status'} className="min-w-0 flex-1">
          {isFetching
            ? 'Reading every byte of the logs…'
            : error
              ? `Not verified: ${errorText(AppError.from(error).toData()).headline}.`
              : logs
                ? verdictSummary(logs)
                : 'Shown as it stands in the files, proven or not.'}
          {logs && !isFetching && (
            <span className="ml-2 text-muted">{`Verified at ${timeWords(dataUpdatedAt).slice(11)}.`}</span>
          )}
        </p>
        {logs && logs.length > 0 && (
          <Button look="quiet" onClick={() => setOpen(true)}>
            Details
          </Button>
        )}
        <Button disabled={isFetching} onClick={() => void refetch()}>
          {logs ? 'Verify again' : 'Verify'}
        </Button>
      </div>
      {logs && (
        <Dialog
          open={isOpen}
          onOpenChange={setOpen}
          title="What was found"
          description={<p className="text-muted">{`At ${timeWords(dataUpdatedAt)}.`}</p>}
        >
          <ul className="flex flex-col gap-3">
            {logs.map((log) => (
              <Verdict key={log.log} verified={log} />
            ))}
          </ul>
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Close</Button>
          </DialogActions>
        </Dialog>
      )}
    </div>
  );
}

function Verdict({ verified }: { readonly verified: VerifiedLog }) {
  const { log, verdict } = verified;
  const { kind } = verdict;
  const isBad = kind === 'broken' || kind === 'cut';
  return (
    <li>
      <p>
        <span className="font-medium">{log}</span>
        {': '}
        <span
          className={classNames('font-medium', isBad && 'text-needs', kind === 'unsigned' && 'text-waiting')}
        >
          {kind}
        </span>
        <span className="text-muted">{` · ${verifiedSize(verdict)}`}</span>
      </p>
      <ul className="mt-0.5 text-muted wrap-anywhere">
        {verdictWords(verified).map((words) => (
          <li key={words}>{plain(words)}</li>
        ))}
      </ul>
      {isBad && <p className="mt-0.5">{nextStep(log, kind)}</p>}
    </li>
  );
}

function nextStep(log: string, verdict: string): string {
  const { next } = errorText({ code: 'SP-AUDIT-BROKEN', details: { log, verdict } });
  return `Next: ${next}.`;
}
