import { formatDuration } from '../../../src/base/duration.ts';
import { auditWords, shipperWords } from '../../../src/client/daemon-words.ts';
import { bytesWords, count, timeWords } from '../../../src/client/tunnel-words.ts';
import type { AuditStatus } from '../../../src/contract/audit-status.ts';
import { CopyTextButton } from '../../components/copy-text-button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fact, Facts } from '../../components/facts.tsx';
import { Section } from '../../components/section.tsx';
import { useNow } from '../../state/app-state.ts';
import type { DaemonStatus, HealthNote } from './daemon-health.ts';
import { OutcomeMark } from './outcome-mark.tsx';
import { useDaemonStatus } from './use-daemon-status.ts';

/** The daemon itself: whether it is well, what it uses, where its things are, and what to do. */
export function DaemonPanel() {
  const { status, notes, error } = useDaemonStatus();
  if (!status)
    return error ? (
      <ErrorNote error={error} />
    ) : (
      <p role="status" className="text-muted">
        Asking the daemon…
      </p>
    );
  const hasError = notes.some(({ kind }) => kind === 'error');
  return (
    <div className="flex flex-col gap-4">
      <header className="flex flex-col gap-1">
        <div className="flex items-center gap-2">
          <h2 className="min-w-0 flex-1 text-lg font-semibold">This daemon</h2>
          <CopyTextButton
            copied={{ of: 'daemon', what: 'status' }}
            label="Copy as JSON"
            text={JSON.stringify(status, undefined, 2)}
          />
        </div>
        <p role="status" className="flex items-center gap-2">
          <OutcomeMark outcome={hasError ? 'bad' : notes.length > 0 ? 'degraded' : 'good'} />
          {notes.length === 0 ? 'All is well.' : `${count(notes.length, 'thing')} to look at.`}
        </p>
      </header>
      {notes.map((note) => (
        <Note key={note.kind === 'error' ? note.error.code : note.what} note={note} />
      ))}
      <Usage status={status} />
      {status.audit && <Audit audit={status.audit} />}
      <Section title="Where things are">
        <Facts>
          <Place name="Log" path={status.log} />
          <Place name="Socket" path={status.socket} />
          <Place name="Settings" path={status.folders.config} />
          <Place name="Data" path={status.folders.data} />
          <Place name="Cache" path={status.folders.cache} />
          {status.metricsUrl && <Place name="Metrics" path={status.metricsUrl} />}
        </Facts>
      </Section>
      <WhenWrong />
    </div>
  );
}

function Usage({ status }: { readonly status: DaemonStatus }) {
  const { version, pid, startedAtMs, residentBytes, tunnelsUp, clusters, subscribers } = status;
  const nowMs = useNow();
  return (
    <Section title="Process">
      <Facts>
        <Fact name="Version">{version}</Fact>
        <Fact name="Process">{pid}</Fact>
        <Fact name="Up">
          <span title={timeWords(startedAtMs)}>{formatDuration(Math.max(0, nowMs - startedAtMs))}</span>
        </Fact>
        <Fact name="Memory">{bytesWords(residentBytes)}</Fact>
        <Fact name="Tunnels">{`${tunnelsUp} up`}</Fact>
        <Fact name="Followers">
          {subscribers <= 1 ? 'this window' : `${subscribers}, this window among them`}
        </Fact>
        <Fact name="Clusters">
          {clusters.length === 0 ? (
            'none in use'
          ) : (
            <ul>
              {clusters.map(({ context, server, tunnels }) => (
                <li key={`${context} ${server}`}>
                  {`${context} · ${count(tunnels, 'tunnel')}`}
                  <span className="mono block text-muted">{server}</span>
                </li>
              ))}
            </ul>
          )}
        </Fact>
      </Facts>
    </Section>
  );
}

function Audit({ audit }: { readonly audit: AuditStatus }) {
  const { head, key, shippers } = audit;
  return (
    <Section title="Audit log">
      <Facts>
        <Fact name="Written">{auditWords(audit)}</Fact>
        {head && <Fact name="Last line">{head.seq}</Fact>}
        {key && (
          <Fact name="Key">
            <span className="mono select-all">{key.key}</span>
          </Fact>
        )}
        {shippers.map((shipper) => (
          <Fact key={shipper.name} name={shipper.name}>
            {`${shipper.to} · ${shipperWords(shipper)}`}
          </Fact>
        ))}
      </Facts>
    </Section>
  );
}

function Note({ note }: { readonly note: HealthNote }) {
  if (note.kind === 'error') return <ErrorNote error={note.error} />;
  return (
    <div className="flex flex-col gap-1.5 rounded border border-l-[3px] border-l-waiting bg-surface px-3 py-2 wrap-anywhere">
      <p className="font-medium">{note.what}</p>
      <p className="text-muted">
        <span className="caption mr-1.5">Why</span>
        {note.why}
      </p>
      <p>
        <span className="caption mr-1.5">Next</span>
        {note.next}
      </p>
    </div>
  );
}

const remedies = [
  ['sallyport daemon restart', 'starts it anew; what is up comes back on the same ports'],
  ['sallyport logs NAME', 'says what one tunnel was through'],
  ['sallyport daemon -v', 'runs it in a terminal and prints its log; stop the one that runs first'],
] as const;

function WhenWrong() {
  return (
    <Section title="When something is wrong">
      <ul className="flex flex-col gap-1">
        {remedies.map(([command, what]) => (
          <li key={command}>
            <span className="mono select-all">{command}</span>
            <span className="block text-muted">{what}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Place({ name, path }: { readonly name: string; readonly path: string }) {
  return (
    <Fact name={name}>
      <span className="mono select-all">{path}</span>
    </Fact>
  );
}
