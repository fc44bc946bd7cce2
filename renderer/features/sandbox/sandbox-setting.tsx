import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Setting, SettingGroup } from '../settings/setting.tsx';
import { SandboxProgress } from './sandbox-progress.tsx';
import { useSandbox } from './use-sandbox.ts';

/** The sandbox for those who have tunnels already. */
export function SandboxSetting() {
  const { status, error, start, stop } = useSandbox();
  if (status.kind === 'unavailable') return null;
  const isRunning = status.kind === 'running';
  return (
    <SettingGroup title="Sandbox">
      <Setting
        title={isRunning ? 'The sandbox runs' : 'Try the sandbox'}
        text="A small cluster with a real Postgres, on this machine alone. It ends with the daemon."
      >
        {status.kind !== 'starting' && (
          <Button disabled={status.kind === 'stopping'} onClick={isRunning ? stop : start}>
            {isRunning ? 'Stop' : 'Start and connect'}
          </Button>
        )}
      </Setting>
      {status.kind === 'starting' && (
        <div className="px-3 py-2">
          <SandboxProgress status={status} />
        </div>
      )}
      {error && status.kind !== 'starting' && (
        <div className="p-3">
          <ErrorNote error={error} />
        </div>
      )}
    </SettingGroup>
  );
}
